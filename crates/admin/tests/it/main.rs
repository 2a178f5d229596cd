//! The management API as its clients meet it: the real router, engine and database, and simulated vendors on sockets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod access;
mod audit;
mod bounds;
mod budgets;
mod cache;
mod description;
mod discovery;
mod events;
mod failures;
mod feedback;
mod keys;
mod limits;
mod lists;
mod looking;
mod models;
mod prices;
mod projects;
mod providers;
mod scopes;
mod setup;
mod usage;
mod users;
mod webhooks;
