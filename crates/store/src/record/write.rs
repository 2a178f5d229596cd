//! Record to JSON.

use super::time;
use baton_model::bounds;
use baton_model::chat::Json;
use baton_model::record::{AttemptRecord, RequestRecord};
use baton_model::{Cost, Usage};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Serialize)]
struct Request<'r> {
    id: &'r str,
    arrived_at: String,
    finished_at: String,
    first_content_at: Option<String>,
    latency_ms: u128,
    api: &'r str,
    capability: &'static str,
    stream: bool,
    requested: Cow<'r, str>,
    model: Option<&'r str>,
    provider: Option<&'r str>,
    key_id: Option<&'r str>,
    project_id: Option<&'r str>,
    user_id: Option<&'r str>,
    task_id: Option<&'r str>,
    tags: &'r [String],
    metadata: Option<Box<RawValue>>,
    outcome: &'static str,
    status: u16,
    error: Option<RequestError<'r>>,
    cache: &'static str,
    tokens: IndexMap<&'static str, u64>,
    cost: Option<Box<RawValue>>,
    estimated: bool,
    attempts: Vec<Attempt<'r>>,
}

#[derive(Serialize)]
struct RequestError<'r> {
    code: &'static str,
    message: Cow<'r, str>,
}

#[derive(Serialize)]
struct Attempt<'r> {
    model: &'r str,
    provider: &'r str,
    upstream: &'r str,
    started_at: String,
    finished_at: String,
    outcome: &'static str,
    error: Option<AttemptError<'r>>,
    tokens: IndexMap<&'static str, u64>,
    service_tier: Option<Cow<'r, str>>,
    usage: &'static str,
    cost: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct AttemptError<'r> {
    kind: &'static str,
    message: Cow<'r, str>,
}

pub(super) fn write(record: &RequestRecord) -> String {
    let attribution = &record.attribution;
    let request = Request {
        id: record.id.as_str(),
        arrived_at: time::write(record.arrived),
        finished_at: time::write(record.finished),
        first_content_at: record.first_content.map(time::write),
        latency_ms: record.finished.since(record.arrived).as_millis(),
        api: &record.api,
        capability: record.capability.name(),
        stream: record.stream,
        requested: sentence(&record.requested),
        model: record.served.as_ref().map(|model| model.as_str()),
        provider: record.provider.as_ref().map(|provider| provider.as_str()),
        key_id: attribution.key.as_ref().map(|key| key.as_str()),
        project_id: attribution.project.as_deref(),
        user_id: attribution.user.as_deref(),
        task_id: attribution.task.as_deref(),
        tags: &attribution.tags,
        metadata: attribution.metadata.as_ref().and_then(raw),
        outcome: record.outcome.name(),
        status: record.status,
        error: record
            .error
            .as_ref()
            .map(|(code, message)| RequestError { code: code.name(), message: sentence(message) }),
        cache: record.cache.name(),
        tokens: tokens(&record.usage()),
        cost: cost(record.cost()),
        estimated: record.is_estimated(),
        attempts: record.attempts.iter().map(attempt).collect(),
    };
    // Text keys and plain values only: nothing in it can fail to become JSON.
    serde_json::to_string(&request).unwrap_or_default()
}

fn attempt(attempt: &AttemptRecord) -> Attempt<'_> {
    Attempt {
        model: attempt.model.as_str(),
        provider: attempt.provider.as_str(),
        upstream: &attempt.upstream,
        started_at: time::write(attempt.started),
        finished_at: time::write(attempt.finished),
        outcome: attempt.outcome.name(),
        error: attempt
            .error
            .as_ref()
            .map(|(kind, message)| AttemptError { kind: kind.name(), message: sentence(message) }),
        tokens: tokens(&attempt.usage),
        service_tier: attempt.usage.service_tier.as_deref().map(|tier| bounds::truncate(tier, bounds::ID)),
        usage: attempt.origin.name(),
        cost: cost(attempt.cost),
    }
}

/// As much of a client's or provider's text as is kept.
fn sentence(text: &str) -> Cow<'_, str> {
    bounds::truncate(text, bounds::ERROR)
}

fn tokens(usage: &Usage) -> IndexMap<&'static str, u64> {
    usage.nonzero().map(|(class, amount)| (class.name(), amount)).collect()
}

fn cost(cost: Cost) -> Option<Box<RawValue>> {
    cost.known().and_then(|nanos| RawValue::from_string(nanos.to_string()).ok())
}

/// JSON as it was written, but on one line: line ends can stand only between its tokens, where a space does as well.
fn raw(json: &Json) -> Option<Box<RawValue>> {
    RawValue::from_string(json.0.trim().replace(['\n', '\r'], " ")).ok()
}
