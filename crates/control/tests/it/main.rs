//! What is registered and discovered, over scripted providers and a real database.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod alerts;
// The same bench as the engine's tests: an engine over scripted providers.
#[expect(dead_code, reason = "calls are made in the engine's tests")]
#[path = "../../../engine/tests/it/bench.rs"]
mod bench;
mod budget_events;
mod health_events;
mod models;
mod provider_objects;
