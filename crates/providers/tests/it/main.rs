//! The providers against simulated vendors, over real sockets.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod any_request;
mod bad_replies;
mod chat;
mod discovery;
mod failed_replies;
mod forward;
mod headers;
mod others;
mod reported;
mod setup;
