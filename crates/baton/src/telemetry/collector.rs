//! The way to the collector of traces and metrics.

use crate::config::sections::TelemetrySection;
use anyhow::Context;

/// A client for the collector.
pub(super) fn http_client(section: &TelemetrySection) -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(section.timeout)
        .build()
        .context("the client of the trace collector can't be created")
}
