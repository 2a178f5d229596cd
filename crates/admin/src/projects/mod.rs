//! `/api/projects`: what requests are booked on; a file a verb.

pub mod create;
pub mod get;
mod input;
pub mod list;
pub mod members;
mod note;
pub mod remove;
pub mod update;
