//! Where the repository is.

/// Its folder.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
