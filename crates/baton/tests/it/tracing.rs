//! Traces as a collector gets them, over OTLP on a real socket; trace context in and out; exemplars.

use crate::baton::{Baton, chat_body};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use http::Method;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use serde_json::json;
use std::sync::{Arc, Mutex};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A collector that keeps what it gets.
#[derive(Clone, Default)]
struct Collector {
    requests: Arc<Mutex<Vec<(HeaderMap, ExportTraceServiceRequest)>>>,
    measured: Arc<Mutex<Vec<ExportMetricsServiceRequest>>>,
    /// How many requests it refuses before it takes one.
    refuses: Arc<Mutex<usize>>,
}

impl Collector {
    /// Starts it; its address.
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v1/traces", post(Self::take))
            .route("/v1/metrics", post(Self::measure))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    async fn take(State(collector): State<Self>, headers: HeaderMap, body: Bytes) -> (StatusCode, Vec<u8>) {
        let mut refuses = collector.refuses.lock().unwrap();
        if *refuses > 0 {
            *refuses -= 1;
            return (StatusCode::SERVICE_UNAVAILABLE, Vec::new());
        }
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        collector.requests.lock().unwrap().push((headers, request));
        (StatusCode::OK, Vec::new())
    }

    async fn measure(State(collector): State<Self>, body: Bytes) {
        collector.measured.lock().unwrap().push(ExportMetricsServiceRequest::decode(body).unwrap());
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.requests.lock().unwrap();
        let spans = requests.iter().flat_map(|(_, request)| &request.resource_spans);
        spans.flat_map(|resource| &resource.scope_spans).flat_map(|scope| scope.spans.clone()).collect()
    }
}

/// A Baton that sends its traces there.
async fn traced(collector: &Collector, more: &str) -> Baton {
    let endpoint = collector.start().await;
    Baton::with(&format!(
        // Metrics are sent at the end alone, so that no moment of a test matters.
        "[telemetry]\nendpoint = \"{endpoint}\"\nmetrics_every = \"1h\"\nheaders = {{ x-tenant = \"a\" }}\n{more}"
    ))
    .await
}

fn text(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == name)?;
    Some(match found.value.clone()?.value? {
        Any::StringValue(text) => text,
        Any::IntValue(number) => number.to_string(),
        Any::BoolValue(truth) => truth.to_string(),
        other => format!("{other:?}"),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn ask(baton: &Baton, model: &str, headers: &[(&str, &str)]) -> crate::baton::ClientReply {
    let body = chat_body(model, "Say hello", json!({})).to_string();
    baton.send(Method::POST, "/v1/chat/completions", headers, body).await
}

#[tokio::test]
async fn a_request_is_a_span_with_one_below_it_for_each_attempt() {
    let collector = Collector::default();
    let more = "[[models]]\nmodel_id = \"falls\"\nprovider = \"openai\"\nupstream = \"fail-503\"\n\
                capabilities = [\"CHAT\"]\nfallbacks = [\"gpt\"]\n";
    let baton = traced(&collector, more).await;
    let told = ask(&baton, "falls", &[("traceparent", PARENT), ("tracestate", "vendor=1")]).await.expect(200);
    let seen: Vec<String> =
        baton.openai.requests().iter().filter_map(|request| request.header("traceparent").map(str::to_owned)).collect();
    let record = baton.record(&told).await;
    baton.app.close().await;

    let spans = collector.spans();
    assert_eq!(spans.len(), 3, "{spans:#?}");
    let own = spans.iter().find(|span| span.kind == SpanKind::Server as i32).unwrap();
    assert_eq!(hex(&own.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(hex(&own.parent_span_id), "b7ad6b7169203331");
    assert_eq!(own.name, "chat falls");
    assert_eq!(told.header("traceparent").unwrap(), format!("00-{}-{}-01", hex(&own.trace_id), hex(&own.span_id)));
    for (name, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "falls"),
        ("gen_ai.response.model", "gpt"),
        ("gen_ai.usage.input_tokens", &record.usage().input_tokens().to_string()),
        ("gen_ai.usage.output_tokens", &record.usage().output_tokens().to_string()),
        ("http.response.status_code", "200"),
        ("baton.request.id", record.id.as_str()),
        ("baton.cost", &record.cost().known().unwrap().to_string()),
        ("baton.attempts", "2"),
    ] {
        assert_eq!(text(own, name).as_deref(), Some(value), "{name}");
    }
    let nanos = |at: baton_model::Timestamp| u64::try_from(at.0).unwrap() * 1000;
    assert_eq!((own.start_time_unix_nano, own.end_time_unix_nano), (nanos(record.arrived), nanos(record.finished)));

    let attempts: Vec<&Span> = spans.iter().filter(|span| span.kind == SpanKind::Client as i32).collect();
    for (attempt, recorded) in attempts.iter().zip(&record.attempts) {
        assert_eq!(attempt.parent_span_id, own.span_id);
        assert_eq!(attempt.start_time_unix_nano, nanos(recorded.started));
        assert_eq!(text(attempt, "gen_ai.request.model").unwrap(), recorded.upstream);
    }
    assert_eq!(text(attempts[0], "error.type").as_deref(), Some("overloaded"));
    assert_eq!(attempts[0].status.as_ref().unwrap().code, 2, "an error");
    assert_eq!(attempts[1].status.as_ref().unwrap().code, 1, "all is well");
    // What the provider was told is the span of its attempt.
    let expected: Vec<String> =
        attempts.iter().map(|span| format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id))).collect();
    assert_eq!(seen, expected);
    let requests = collector.requests.lock().unwrap();
    assert_eq!(requests[0].0["x-tenant"], "a");
    let resource = requests[0].1.resource_spans[0].resource.clone().unwrap();
    let service = resource.attributes.iter().find(|attribute| attribute.key == "service.name").unwrap();
    assert_eq!(service.value.clone().unwrap().value, Some(Any::StringValue("baton".into())));
}

#[tokio::test]
async fn whether_a_request_is_traced_is_decided_up_front() {
    let collector = Collector::default();
    let baton = traced(&collector, "sample = 0.0\n").await;
    let unsampled = PARENT.replace("-01", "-00");
    ask(&baton, "gpt", &[]).await.expect(200);
    let told = ask(&baton, "gpt", &[("traceparent", &unsampled)]).await.expect(200);
    assert!(told.header("traceparent").unwrap().ends_with("-00"));
    ask(&baton, "gpt", &[("traceparent", PARENT)]).await.expect(200);
    let seen: Vec<Option<String>> =
        baton.openai.requests().iter().map(|request| request.header("traceparent").map(str::to_owned)).collect();
    assert_eq!(seen[..2], [None, Some(unsampled)], "what nobody records goes through untouched");
    baton.app.close().await;
    assert_eq!(collector.spans().len(), 2, "one request with one attempt");
}

#[tokio::test]
async fn without_a_collector_the_context_goes_through_untouched() {
    let baton = Baton::start().await;
    let told = ask(&baton, "gpt", &[("traceparent", PARENT), ("tracestate", "a=1")]).await.expect(200);
    assert!(told.header("traceparent").unwrap().starts_with("00-0af7651916cd43dd8448eb211c80319c-"));
    let seen = baton.openai.requests();
    assert_eq!((seen[0].header("traceparent"), seen[0].header("tracestate")), (Some(PARENT), Some("a=1")));
    let refused = ask(&baton, "no-such-model", &[]).await.expect(404);
    assert!(refused.header("traceparent").unwrap().ends_with("-00"));
}

#[tokio::test]
async fn a_collector_that_is_away_costs_spans_and_no_requests() {
    let collector = Collector::default();
    *collector.refuses.lock().unwrap() = usize::MAX;
    let baton = traced(&collector, "queue = 3\ntimeout = \"1s\"\n").await;
    for _ in 0..4 {
        ask(&baton, "gpt", &[]).await.expect(200);
    }
    // Eight spans for a queue of three: the rest is dropped, nothing waits.
    let metrics = baton.app.engine.metrics().await;
    let dropped = metrics.lines().find(|line| line.starts_with("baton_telemetry_spans_total{result=\"dropped\"}"));
    let dropped: u64 = dropped.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(dropped > 0, "{metrics}");
    let engine = baton.app.engine.clone();
    baton.app.close().await;
    let metrics = engine.metrics().await;
    assert!(
        metrics.contains(&format!("baton_telemetry_spans_total{{result=\"failed\"}} {}", 8 - dropped)),
        "{metrics}"
    );
    assert!(collector.spans().is_empty());
}

#[tokio::test]
async fn a_collector_that_comes_back_gets_what_waited() {
    let collector = Collector::default();
    *collector.refuses.lock().unwrap() = 1;
    let baton = traced(&collector, "").await;
    ask(&baton, "gpt", &[]).await.expect(200);
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while collector.spans().is_empty() && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(collector.spans().len(), 2);
}

#[tokio::test]
async fn times_lead_to_traces_where_the_reader_understands_it() {
    let collector = Collector::default();
    let baton = traced(&collector, "").await;
    let told = ask(&baton, "gpt", &[]).await.expect(200);
    let trace = told.header("traceparent").unwrap().split('-').nth(1).unwrap().to_owned();
    let open = [("accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")];
    let metrics = baton.send(Method::GET, "/metrics", &open, Bytes::new()).await.expect(200);
    assert!(metrics.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let exemplar = format!("# {{trace_id=\"{trace}\"}}");
    let lines: Vec<String> =
        metrics.text().lines().filter(|line| line.contains(&exemplar)).map(str::to_owned).collect();
    assert_eq!(lines.len(), 2, "{}", metrics.text());
    assert!(metrics.text().ends_with("# EOF\n"));

    let plain = baton.get("/metrics").await.expect(200);
    assert_eq!(plain.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(!plain.text().contains("trace_id") && !plain.text().contains("# EOF"), "{}", plain.text());
    assert!(plain.text().contains("# TYPE baton_requests_total counter\n"), "{}", plain.text());
}

#[tokio::test]
async fn the_collector_gets_the_metrics_too() {
    let collector = Collector::default();
    let baton = traced(&collector, "").await;
    ask(&baton, "gpt", &[]).await.expect(200);
    let text = baton::telemetry::metrics::text(&baton.app.engine).await;
    baton.app.close().await;
    let measured = collector.measured.lock().unwrap();
    let metrics = &measured.last().unwrap().resource_metrics[0].scope_metrics[0].metrics;
    // Counts are compared beside the requests, and may be seen in one of the two alone.
    let named: Vec<&str> =
        metrics.iter().map(|metric| metric.name.as_str()).filter(|name| *name != "baton_count_error").collect();
    let written = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let written = written.filter(|name| *name != "baton_count_error");
    assert_eq!(named, written.collect::<Vec<_>>(), "the same as at /metrics");
    let requests = metrics.iter().find(|metric| metric.name == "baton_requests").unwrap();
    assert!(format!("{:?}", requests.data).contains("AsDouble(1.0)"), "{requests:?}");
}
