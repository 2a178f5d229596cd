//! `/api/limits`: how much requests may take in a time, and how many may be under way; a file a verb.

pub mod counters;
pub mod create;
pub mod get;
mod input;
pub mod list;
pub mod remove;
pub mod update;
mod view;
