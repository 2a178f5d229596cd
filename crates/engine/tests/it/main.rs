//! The pipeline over scripted providers, a real journal and a real database.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod bench;
mod cache;
mod cost;
mod fallback;
mod fit;
mod leaving;
mod ledger;
mod overload;
mod policies;
mod reasoning_cache;
mod run_budgets;
