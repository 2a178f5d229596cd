//! Backups of an installation on SQLite: the database and the journal in one archive, and the way back.
//!
//! - `manifest.rs`: what an archive says of itself;
//! - `write.rs`: making one, while Baton serves or not;
//! - `read.rs`: reading one, as the hostile input that it may be;
//! - `target.rs`: what is in the way of a restore, and putting the new files in place.
//!
//! An archive is `manifest.json`, the segments of the journal and `baton.db`, in that order, in a tar compressed by gzip.
//! The key that seals secrets in the database is not in it.

mod bar;
mod hash;
mod manifest;
mod read;
mod target;
mod write;

#[cfg(test)]
mod tests;

pub use bar::progress_bar;
pub use target::{RestoreTarget, Restored, refuse_unfinished};
pub use write::{BackupSummary, write_backup};
