//! The management API as its clients meet it: the real router, engine and database, and simulated vendors on sockets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod access;
mod cache;
mod description;
mod discovery;
mod keys;
mod lists;
mod looking;
mod models;
mod prices;
mod providers;
mod setup;
mod usage;
