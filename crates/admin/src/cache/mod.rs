//! `/api/cache`: the response cache.

pub mod purge;
pub mod size;
