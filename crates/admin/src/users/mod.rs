//! `/api/users`: who makes requests, and what is set for whom; a file a verb.

pub mod get;
pub mod list;
pub mod put;
pub mod remove;
mod view;
