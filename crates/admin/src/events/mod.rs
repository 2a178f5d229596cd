//! `/api/events`: what happens, as it happens.

pub mod feed;
pub mod listener;
pub mod stream;
