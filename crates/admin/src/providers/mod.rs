//! `/api/providers`: those of the configuration, which are read-only here, and those that the database keeps.
//!
//! [`directory`] puts both into the registry; the rest is a file a verb.

pub mod directory;
pub mod get;
mod input;
mod kept;
pub mod list;
pub mod register;
pub mod remove;
pub mod update;
pub mod view;

pub use directory::{Configured, Providers};
pub use kept::sealed_row;
