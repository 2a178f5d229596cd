//! The bar that shows how far a backup is.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on the terminal; nothing is drawn where no terminal reads the errors.
pub fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:22} [{bar:32}] {bytes} of {total_bytes}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Begins the bar anew for the next step.
pub(super) fn begin(bar: &ProgressBar, step: &'static str, bytes: u64) {
    bar.set_length(bytes);
    bar.set_position(0);
    bar.set_message(step);
}
