//! Metrics for a collector by OTLP: what `/metrics` says, sent every while. One source, so both always agree.

use super::collector::http_client;
use super::metrics;
use super::open_metrics::{Family, Sample, families};
use crate::config::sections::TelemetrySection;
use anyhow::Context;
use baton_engine::Engine;
use baton_model::Timestamp;
use baton_tasks::run_supervised;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The task that sends.
pub struct Push {
    closing: CancellationToken,
    task: JoinHandle<()>,
}

/// The most time for the last ones when the process ends.
const FAREWELL: Duration = Duration::from_secs(2);

impl Push {
    /// Starts it; `None` if metrics are not to be sent.
    ///
    /// # Errors
    /// If the collector's headers can't be used.
    pub fn start(section: &TelemetrySection, engine: Engine) -> anyhow::Result<Option<Self>> {
        let (Some(endpoint), Some(every)) = (&section.endpoint, section.metrics_every) else { return Ok(None) };
        let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"))]);
        for (name, value) in &section.headers {
            let mut value = HeaderValue::try_from(value.reveal())
                .with_context(|| format!("telemetry.headers: `{name}` has characters that no header can carry"))?;
            value.set_sensitive(true);
            headers.insert(HeaderName::try_from(name.as_str())?, value);
        }
        let closing = CancellationToken::new();
        let sending = Sending {
            client: http_client(section)?,
            url: format!("{}/v1/metrics", endpoint.trim_end_matches('/')),
            headers,
            service: section.service_name.clone(),
            // All counters begin with the process; a collector knows a restart by a new beginning.
            started: engine.clock().now(),
            engine,
            away: false,
        };
        let task = tokio::spawn(run_supervised("metrics_push", sending.run(every, closing.clone())));
        Ok(Some(Self { closing, task }))
    }

    /// Sends the last ones, as far as the collector takes them in a moment.
    pub async fn close(self) {
        self.closing.cancel();
        // Whether it ended or ran out of time, the process goes on to its end.
        let _ = tokio::time::timeout(FAREWELL, self.task).await;
    }
}

struct Sending {
    client: reqwest::Client,
    url: String,
    headers: HeaderMap,
    service: String,
    started: Timestamp,
    engine: Engine,
    /// Whether the last ones were not taken, so that an outage is told once.
    away: bool,
}

impl Sending {
    async fn run(mut self, every: Duration, closing: CancellationToken) {
        while !closing.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = closing.cancelled() => {}
            }
            // Once more after `closing`: what was counted since the last time would be lost.
            self.send().await;
        }
    }

    async fn send(&mut self) {
        let text = metrics::text(&self.engine).await;
        let body = request(&text, &self.service, self.started, self.engine.clock().now()).encode_to_vec();
        let sent = self.client.post(&self.url).headers(self.headers.clone()).body(body).send().await;
        match sent.and_then(reqwest::Response::error_for_status) {
            Ok(_) => self.away = false,
            Err(error) if !self.away => {
                self.away = true;
                // The next ones hold what these did: nothing is lost but points in between.
                tracing::warn!(%error, "the collector does not accept metrics; they are at /metrics too");
            }
            Err(_) => {}
        }
    }
}

/// What `/metrics` says, as OTLP says it.
fn request(text: &str, service: &str, started: Timestamp, now: Timestamp) -> ExportMetricsServiceRequest {
    let times = Times { start: nanos(started), now: nanos(now) };
    let metrics = families(text).into_iter().map(|family| times.metric(&family)).collect();
    let scope = InstrumentationScope {
        name: "baton".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        ..InstrumentationScope::default()
    };
    let attributes = vec![attribute("service.name", service)];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_metrics: vec![ScopeMetrics { scope: Some(scope), metrics, ..ScopeMetrics::default() }],
            ..ResourceMetrics::default()
        }],
    }
}

/// Since when the numbers count, and when they were read.
#[derive(Clone, Copy)]
struct Times {
    start: u64,
    now: u64,
}

impl Times {
    fn metric(self, family: &Family<'_>) -> Metric {
        let cumulative = AggregationTemporality::Cumulative.into();
        let points = || family.samples.iter().map(|sample| self.number(sample)).collect();
        let data = match family.kind {
            "counter" => {
                Data::Sum(Sum { data_points: points(), aggregation_temporality: cumulative, is_monotonic: true })
            }
            "histogram" => {
                Data::Histogram(Histogram { data_points: self.histograms(family), aggregation_temporality: cumulative })
            }
            _ => Data::Gauge(Gauge { data_points: points() }),
        };
        Metric {
            name: family.name.to_owned(),
            description: family.help.to_owned(),
            data: Some(data),
            ..Metric::default()
        }
    }

    fn number(self, sample: &Sample<'_>) -> NumberDataPoint {
        NumberDataPoint {
            attributes: attributes(&sample.labels),
            start_time_unix_nano: self.start,
            time_unix_nano: self.now,
            value: Some(Number::AsDouble(sample.value)),
            ..NumberDataPoint::default()
        }
    }

    /// One point for each set of labels. Prometheus' buckets hold all that is not above their bound, OTLP's only what is
    /// not in the one before.
    fn histograms(self, family: &Family<'_>) -> Vec<HistogramDataPoint> {
        let mut points: Vec<(Vec<(String, String)>, HistogramDataPoint)> = Vec::new();
        for sample in &family.samples {
            let bound = sample.labels.iter().find(|(name, _)| name == "le").map(|(_, bound)| bound.as_str());
            let labels: Vec<_> = sample.labels.iter().filter(|(name, _)| name != "le").cloned().collect();
            // The samples of a histogram stand together, so mostly the last one is asked.
            if points.last().is_none_or(|(last, _)| *last != labels)
                && !points.iter().any(|(known, _)| *known == labels)
            {
                let point = HistogramDataPoint {
                    attributes: attributes(&labels),
                    start_time_unix_nano: self.start,
                    time_unix_nano: self.now,
                    ..HistogramDataPoint::default()
                };
                points.push((labels.clone(), point));
            }
            let Some((_, point)) = points.iter_mut().find(|(known, _)| *known == labels) else { continue };
            match (sample.suffix, bound) {
                ("_sum", _) => point.sum = Some(sample.value),
                ("_count", _) => point.count = count(sample.value),
                (_, Some(bound)) => {
                    let before = point.bucket_counts.iter().sum::<u64>();
                    point.bucket_counts.push(count(sample.value).saturating_sub(before));
                    // OTLP has one bucket more than bounds: the last one has no upper end, and `+Inf` is not written.
                    point.explicit_bounds.extend(bound.parse::<f64>().ok().filter(|bound| bound.is_finite()));
                }
                _ => {}
            }
        }
        points.into_iter().map(|(_, point)| point).collect()
    }
}

fn attributes(labels: &[(String, String)]) -> Vec<KeyValue> {
    labels.iter().map(|(name, value)| attribute(name, value)).collect()
}

fn attribute(name: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
    KeyValue { key: name.to_owned(), value, ..KeyValue::default() }
}

fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.0).unwrap_or(0).saturating_mul(1000)
}

/// A count, which the text writes as any number.
fn count(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, clippy::panic, reason = "tests")]
mod tests {
    use super::{Data, Number, request};
    use baton_model::Timestamp;

    const TEXT: &str = "# HELP a_seconds Time.\n# TYPE a_seconds histogram\na_seconds_sum{m=\"x\"} 3.5\n\
                        a_seconds_count{m=\"x\"} 3\na_seconds_bucket{le=\"1.0\",m=\"x\"} 1\n\
                        a_seconds_bucket{le=\"2.5\",m=\"x\"} 3 # {trace_id=\"ab\"} 2.0\n\
                        a_seconds_bucket{le=\"+Inf\",m=\"x\"} 3\n# HELP b B.\n# TYPE b counter\n\
                        b_total{q=\"say \\\"hi, you\\\" }\"} 7\n# EOF\n";

    #[test]
    fn buckets_are_counted_apart() {
        let request = request(TEXT, "baton", Timestamp(1), Timestamp(2));
        let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
        assert_eq!(metrics.iter().map(|metric| metric.name.as_str()).collect::<Vec<_>>(), ["a_seconds", "b"]);
        let Some(Data::Histogram(histogram)) = &metrics[0].data else { panic!("{metrics:?}") };
        let point = &histogram.data_points[0];
        assert_eq!((point.count, point.sum), (3, Some(3.5)));
        assert_eq!((&point.bucket_counts[..], &point.explicit_bounds[..]), (&[1, 2, 0][..], &[1.0, 2.5][..]));
        assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (1000, 2000));
        let Some(Data::Sum(sum)) = &metrics[1].data else { panic!("{metrics:?}") };
        assert_eq!(sum.data_points[0].value, Some(Number::AsDouble(7.0)));
        assert!(format!("{:?}", sum.data_points[0].attributes).contains(r#"say \"hi, you\" }"#));
    }
}
