//! What is known of one model at its provider.

use super::circuit::ModelError;
use baton_model::Timestamp;
use std::collections::VecDeque;

/// One model's health.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelHealth {
    /// Failures since the last success; the caller's own faults don't count.
    pub failures_in_a_row: u32,
    /// When the circuit last opened; `None` after a success.
    pub opened: Option<Timestamp>,
    /// When it last replied.
    pub last_success: Option<Timestamp>,
    /// The last errors, newest first.
    pub last_errors: VecDeque<ModelError>,
    /// Whether a request is trying the model while its circuit is half open.
    pub(super) probing: bool,
}
