//! `/api/providers`: those of the configuration, which are read-only here, and those that the database keeps.
//!
//! `baton-control` has the rules and puts both into the registry; here is a file a verb.

pub mod get;
mod input;
pub mod list;
pub mod register;
pub mod remove;
pub mod update;
pub mod view;
