//! What the relay and webhooks promise: over real databases, buses and sockets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod relay;
mod setup;
mod target;
mod webhooks;
