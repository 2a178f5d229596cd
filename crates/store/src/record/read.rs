//! JSON to record.

use super::{RecordError, time};
use baton_model::chat::Json;
use baton_model::fault::ErrorKind;
use baton_model::record::{AttemptRecord, Attribution, CacheUse, Outcome, RequestRecord};
use baton_model::{
    Capability, Code, Cost, KeyId, ModelId, Nanos, ProviderId, RequestId, Timestamp, Usage, UsageClass, UsageOrigin,
};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Request {
    id: String,
    arrived_at: String,
    finished_at: String,
    first_content_at: Option<String>,
    /// What was written before the field had this name calls it `door`: journals of the program before an update.
    #[serde(alias = "door")]
    api: String,
    capability: String,
    stream: bool,
    requested: String,
    model: Option<String>,
    provider: Option<String>,
    key_id: Option<String>,
    project_id: Option<String>,
    user_id: Option<String>,
    task_id: Option<String>,
    tags: Vec<String>,
    metadata: Option<Box<RawValue>>,
    outcome: String,
    status: u16,
    error: Option<RequestError>,
    cache: String,
    attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
struct RequestError {
    code: String,
    message: String,
}

#[derive(Deserialize)]
struct Attempt {
    model: String,
    provider: String,
    upstream: String,
    started_at: String,
    finished_at: String,
    outcome: String,
    error: Option<AttemptError>,
    tokens: IndexMap<String, u64>,
    service_tier: Option<String>,
    usage: String,
    cost: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct AttemptError {
    kind: String,
    message: String,
}

pub(super) fn read(text: &str) -> Result<RequestRecord, RecordError> {
    let request: Request = serde_json::from_str(text)?;
    let error = |error: RequestError| {
        lookup_word("error.code", &error.code, Code::lookup).map(|code| (code, error.message.clone()))
    };
    Ok(RequestRecord {
        arrived: moment("arrived_at", &request.arrived_at)?,
        finished: moment("finished_at", &request.finished_at)?,
        first_content: request.first_content_at.map(|text| moment("first_content_at", &text)).transpose()?,
        capability: lookup_word("capability", &request.capability, Capability::lookup_requestable)?,
        outcome: lookup_word("outcome", &request.outcome, Outcome::lookup)?,
        cache: lookup_word("cache", &request.cache, CacheUse::lookup)?,
        error: request.error.map(error).transpose()?,
        attempts: request.attempts.into_iter().map(attempt).collect::<Result<_, _>>()?,
        id: RequestId::from(request.id),
        api: request.api,
        stream: request.stream,
        requested: request.requested,
        served: request.model.map(ModelId::from),
        provider: request.provider.map(ProviderId::from),
        attribution: Attribution {
            key: request.key_id.map(KeyId::from),
            project: request.project_id,
            user: request.user_id,
            task: request.task_id,
            tags: request.tags,
            metadata: request.metadata.map(|raw| Json(raw.get().to_owned())),
        },
        status: request.status,
    })
}

fn attempt(attempt: Attempt) -> Result<AttemptRecord, RecordError> {
    let error = |error: AttemptError| {
        lookup_word("error.kind", &error.kind, ErrorKind::lookup).map(|kind| (kind, error.message.clone()))
    };
    let mut usage = Usage::default();
    usage.service_tier = attempt.service_tier;
    for (class, amount) in &attempt.tokens {
        usage.set(lookup_word("tokens", class, UsageClass::lookup)?, *amount);
    }
    Ok(AttemptRecord {
        started: moment("started_at", &attempt.started_at)?,
        finished: moment("finished_at", &attempt.finished_at)?,
        outcome: lookup_word("outcome", &attempt.outcome, Outcome::lookup)?,
        origin: lookup_word("usage", &attempt.usage, UsageOrigin::lookup)?,
        error: attempt.error.map(error).transpose()?,
        cost: match attempt.cost {
            None => Cost::Unpriced,
            Some(dollars) => Cost::Known(lookup_word("cost", dollars.get(), Nanos::parse)?),
        },
        usage,
        model: ModelId::from(attempt.model),
        provider: ProviderId::from(attempt.provider),
        upstream: attempt.upstream,
    })
}

fn moment(field: &'static str, text: &str) -> Result<Timestamp, RecordError> {
    lookup_word(field, text, time::read)
}

fn lookup_word<T>(field: &'static str, value: &str, lookup: impl FnOnce(&str) -> Option<T>) -> Result<T, RecordError> {
    lookup(value).ok_or_else(|| RecordError::Value { field, value: value.to_owned() })
}
