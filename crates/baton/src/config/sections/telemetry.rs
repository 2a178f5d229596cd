//! `[telemetry]`.

use baton_engine::TraceSampling;
use baton_providers::SecretValue;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Traces and metrics by OTLP. Metrics are at `/metrics` in any case.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetrySection {
    /// Address of the collector, without path: `http://collector:4318`. Absent: nothing is sent.
    pub endpoint: Option<String>,
    /// How it is spoken to; `http/protobuf` is what there is.
    pub protocol: Protocol,
    /// Headers for the collector.
    #[schemars(with = "BTreeMap<String, String>")]
    pub headers: BTreeMap<String, SecretValue>,
    /// The name under which this service stands in traces.
    pub service_name: String,
    /// The share of requests that are traced, from 0 to 1, where the client sends no `traceparent`; one that does has
    /// decided.
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
                    .push(("endpoint", format!("expected an address such as http://collector:4318, got `{endpoint}`")));
            }
        }
        if !(0.0..=1.0).contains(&self.sample) {
            faults.push(("sample", format!("expected a share from 0 to 1, got {}", self.sample)));
        }
        if self.queue == 0 {
            faults.push(("queue", "expected at least 1".into()));
        }
        if self.metrics_every.is_some_and(|every| every.is_zero()) {
            faults.push(("metrics_every", "expected a time such as 60s, or leave it out".into()));
        }
        for name in self.headers.keys().filter(|name| http::HeaderName::try_from(name.as_str()).is_err()) {
            faults.push(("headers", format!("`{name}` is no name of a header")));
        }
        faults
    }
}
