//! Log lines: JSON in a file a day (UTC), readable on a terminal.

use crate::config::sections::LogsSection;
use anyhow::Context;
use std::io::IsTerminal;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Writes what is still queued when dropped.
pub struct Telemetry {
    _guards: Vec<WorkerGuard>,
}

/// Where log lines are shown beside the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// All of them.
    All,
    /// Warnings and errors: the command prints for itself.
    Warnings,
}

/// Starts logging.
///
/// # Errors
/// If the level means nothing, or the folder can't be made.
pub fn start(logs: &LogsSection, console: Console) -> anyhow::Result<Telemetry> {
    let level =
        EnvFilter::try_new(&logs.level).with_context(|| format!("logs.level: `{}` means nothing", logs.level))?;
    std::fs::create_dir_all(&logs.dir)
        .with_context(|| format!("the log folder `{}` can't be made", logs.dir.display()))?;
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("baton")
        .filename_suffix("log")
        .max_log_files(logs.keep)
        .build(&logs.dir)
        .with_context(|| format!("no log file can be made in `{}`", logs.dir.display()))?;
    // A full queue waits instead of dropping lines: a log that loses lines under load is missing when it is needed.
    let (file, file_guard) = NonBlockingBuilder::default().lossy(false).finish(file);
    let (terminal, terminal_guard) = NonBlockingBuilder::default().finish(std::io::stderr());
    let colour = std::io::stderr().is_terminal();
    let shown = match console {
        Console::All => EnvFilter::try_new(&logs.level)?,
        Console::Warnings => EnvFilter::new("warn"),
    };
    tracing_subscriber::registry()
        .with(fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(file).with_filter(level))
        .with(fmt::layer().compact().with_target(false).with_ansi(colour).with_writer(terminal).with_filter(shown))
        .try_init()
        .context("logging was started twice")?;
    Ok(Telemetry { _guards: vec![file_guard, terminal_guard] })
}
