//! `/api/keys`: a file a verb. Only [`create`] and [`rotate`] ever show one.

pub mod create;
mod creator;
pub mod get;
mod input;
pub mod list;
pub mod revoke;
pub mod rotate;
pub mod update;
