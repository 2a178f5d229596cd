//! Paths of Anthropic's API beside messages.

pub mod batches;
pub mod models;
