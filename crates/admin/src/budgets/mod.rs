//! `/api/budgets`: how much money requests may cost; a file a verb.

pub mod counters;
pub mod create;
pub mod get;
mod input;
pub mod list;
pub mod raise;
pub mod remove;
pub mod reset;
pub mod update;
pub mod verify;
mod view;
