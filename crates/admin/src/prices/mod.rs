//! `/api/prices`: what models cost, and from where that is known; a file a verb.

pub mod create;
pub mod get;
mod input;
pub mod list;
pub mod remove;
pub mod take_over;
pub mod update;
mod view;
