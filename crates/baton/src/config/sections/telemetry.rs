//! `[telemetry]`.

use baton_engine::TraceSampling;
use baton_providers::SecretValue;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Traces and metrics over OTLP. Metrics are always available at `/metrics` too.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetrySection {
    /// The collector's address, without a path: `http://collector:4318`. Absent: nothing is sent.
    pub endpoint: Option<String>,
    /// The protocol; only `http/protobuf` is supported.
    pub protocol: Protocol,
    /// Headers of requests to the collector.
    #[schemars(with = "BTreeMap<String, String>")]
    pub headers: BTreeMap<String, SecretValue>,
    /// The name of this service in traces.
    pub service_name: String,
    /// The share of requests that are traced, from 0 to 1, for requests without `traceparent`; with `traceparent`, the
    /// client decides.
    pub sample: f64,
    /// How long the collector may take to accept a batch.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub timeout: Duration,
    /// The most spans that wait for the collector; more are dropped and counted.
    #[schemars(extend("x-limit" = true))]
    pub queue: usize,
    /// How often metrics are sent; absent: never.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "Option<String>")]
    pub metrics_every: Option<Duration>,
}

impl Default for TelemetrySection {
    fn default() -> Self {
        Self {
            endpoint: None,
            protocol: Protocol::default(),
            headers: BTreeMap::new(),
            service_name: "baton".into(),
            sample: 1.0,
            timeout: Duration::from_secs(10),
            queue: 8192,
            metrics_every: Some(Duration::from_secs(60)),
        }
    }
}

/// How the collector is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
pub enum Protocol {
    /// Protocol buffers over HTTP, mostly at port 4318.
    #[default]
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
}

impl TelemetrySection {
    /// Which requests are traced.
    pub fn sampling(&self) -> TraceSampling {
        // Without a collector a client's own `traceparent` goes through as it is, and Baton decides nothing about it.
        if self.endpoint.is_some() { TraceSampling::share(self.sample) } else { TraceSampling::Off }
    }

    /// What is wrong with it: the key and the problem.
    pub fn faults(&self) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if let Some(endpoint) = &self.endpoint {
            let uri = endpoint.parse::<http::Uri>().ok();
            let good = uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
            if good.is_none() {
                faults
                    .push(("endpoint", format!("must be an address such as http://collector:4318, got `{endpoint}`")));
            }
        }
        if !(0.0..=1.0).contains(&self.sample) {
            faults.push(("sample", format!("must be a number from 0 to 1, got {}", self.sample)));
        }
        if self.queue == 0 {
            faults.push(("queue", "must be at least 1".into()));
        }
        if self.metrics_every.is_some_and(|every| every.is_zero()) {
            faults.push(("metrics_every", "must be a time such as 60s; leave it out to send no metrics".into()));
        }
        for name in self.headers.keys().filter(|name| http::HeaderName::try_from(name.as_str()).is_err()) {
            faults.push(("headers", format!("`{name}` is not a valid header name")));
        }
        faults
    }
}
