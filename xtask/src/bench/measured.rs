//! What was measured.

use super::rows::Row;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the load generator reports, times in microseconds.
#[derive(Deserialize, Clone, Copy)]
pub struct Report {
    pub requests: u64,
    pub seconds: f64,
    pub p50: u64,
    pub p99: u64,
}

/// One measurement.
#[derive(Clone, Copy)]
pub struct Measured {
    /// Processor time for each request, in microseconds.
    pub cpu: f64,
    pub report: Report,
}

/// All measurements of a row: of Baton, of nginx, and of other gateways, in turn.
pub struct Measurements {
    pub row: &'static Row,
    pub baton: Vec<Measured>,
    pub nginx: Vec<Measured>,
    /// By their names.
    pub peers: BTreeMap<&'static str, Vec<Measured>>,
}
