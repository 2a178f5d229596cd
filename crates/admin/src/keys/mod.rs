//! `/api/keys`: a file a verb. Only [`create`] ever shows a key.

pub mod create;
pub mod get;
pub mod list;
pub mod rename;
pub mod revoke;
pub mod view;
