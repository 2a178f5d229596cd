//! The spans of a request, made at its end from its record: one for the request, and one for each attempt below it.
//! Names are those of OpenTelemetry's conventions for generative AI; Baton's own begin with `baton.`.

use baton_engine::observe::EndedRequest;
use baton_model::record::{AttemptRecord, Outcome};
use baton_model::{Capability, Cost, SpanId, Timestamp, Usage, UsageClass};
use opentelemetry::trace::{self as otel, SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// All of them, the request's own first.
pub fn spans(ended: &EndedRequest<'_>) -> Vec<SpanData> {
    let attempts =
        ended.record.attempts.iter().zip(ended.spans).map(|(attempt, span)| of_attempt(ended, attempt, *span));
    std::iter::once(of_request(ended)).chain(attempts).collect()
}

fn of_request(ended: &EndedRequest<'_>) -> SpanData {
    let (record, trace) = (ended.record, &ended.call.identity.trace);
    let operation = operation(record.capability);
    let mut attributes = vec![
        KeyValue::new("gen_ai.operation.name", operation),
        KeyValue::new("gen_ai.request.model", record.requested.clone()),
        KeyValue::new("gen_ai.request.stream", record.stream),
        KeyValue::new("http.response.status_code", i64::from(record.status)),
        KeyValue::new("baton.request.id", record.id.to_string()),
        KeyValue::new("baton.api", record.api.clone()),
        KeyValue::new("baton.outcome", record.outcome.name()),
        KeyValue::new("baton.cache", record.cache.name()),
        KeyValue::new("baton.attempts", number(record.attempts.len() as u64)),
    ];
    let attribution = &record.attribution;
    let texts = [
        ("gen_ai.response.model", record.served.as_ref().map(ToString::to_string)),
        ("gen_ai.provider.name", record.provider.as_ref().map(ToString::to_string)),
        ("baton.key.id", attribution.key.as_ref().map(ToString::to_string)),
        ("baton.project.id", attribution.project.clone()),
        ("user.id", attribution.user.clone()),
        ("error.type", record.error.as_ref().map(|error| error.code.name().to_owned())),
    ];
    attributes.extend(texts.into_iter().filter_map(|(name, text)| Some(KeyValue::new(name, text?))));
    if let Some(most) = ended.call.options.max_output_tokens {
        attributes.push(KeyValue::new("gen_ai.request.max_tokens", number(most)));
    }
    if let Some(first) = record.first_content {
        let waited = first.since(record.arrived).as_secs_f64();
        attributes.push(KeyValue::new("gen_ai.response.time_to_first_chunk", waited));
    }
    attributes.extend(usage(&record.usage(), record.cost()));
    let error = record.error.as_ref().filter(|error| !error.code.quotes_the_caller());
    let message = error.map(|error| error.message.clone());
    SpanData {
        parent_span_id: trace.parent.map_or(otel::SpanId::INVALID, |parent| span_id(parent.span)),
        parent_span_is_remote: trace.parent.is_some(),
        span_kind: SpanKind::Server,
        name: format!("{operation} {}", record.requested).into(),
        start_time: time(record.arrived),
        end_time: time(record.finished),
        status: status(record.outcome, message),
        ..empty(ended, trace.span, attributes)
    }
}

fn of_attempt(ended: &EndedRequest<'_>, attempt: &AttemptRecord, span: SpanId) -> SpanData {
    let operation = operation(ended.record.capability);
    let mut attributes = vec![
        KeyValue::new("gen_ai.operation.name", operation),
        KeyValue::new("gen_ai.provider.name", attempt.provider.to_string()),
        KeyValue::new("gen_ai.request.model", attempt.upstream.clone()),
        KeyValue::new("baton.model", attempt.model.to_string()),
        KeyValue::new("baton.outcome", attempt.outcome.name()),
        KeyValue::new("baton.usage", attempt.origin.name()),
    ];
    if let Some(error) = &attempt.error {
        attributes.push(KeyValue::new("error.type", error.kind.name()));
    }
    attributes.extend(usage(&attempt.usage, attempt.cost));
    let error = attempt.error.as_ref().filter(|error| !error.kind.code().quotes_the_caller());
    let message = error.map(|error| error.message.clone());
    SpanData {
        parent_span_id: span_id(ended.call.identity.trace.span),
        span_kind: SpanKind::Client,
        name: format!("{operation} {}", attempt.upstream).into(),
        start_time: time(attempt.started),
        end_time: time(attempt.finished),
        status: status(attempt.outcome, message),
        ..empty(ended, span, attributes)
    }
}

/// A span of the request's trace that says nothing yet but its attributes.
fn empty(ended: &EndedRequest<'_>, span: SpanId, attributes: Vec<KeyValue>) -> SpanData {
    let trace = &ended.call.identity.trace;
    let state = trace.state.as_deref().and_then(|state| state.parse::<TraceState>().ok()).unwrap_or_default();
    let id = otel::TraceId::from_bytes(trace.id.0);
    SpanData {
        span_context: SpanContext::new(id, span_id(span), TraceFlags::SAMPLED, false, state),
        parent_span_id: otel::SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "".into(),
        start_time: UNIX_EPOCH,
        end_time: UNIX_EPOCH,
        attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("baton").with_version(env!("CARGO_PKG_VERSION")).build(),
    }
}

fn usage(usage: &Usage, cost: Cost) -> Vec<KeyValue> {
    let cached = usage.get(UsageClass::CacheRead).saturating_add(usage.get(UsageClass::AudioCacheRead));
    let written = usage.amounts.cache_write_tokens();
    let counts = [
        ("gen_ai.usage.input_tokens", usage.input_tokens()),
        ("gen_ai.usage.output_tokens", usage.output_tokens()),
        ("gen_ai.usage.cache_read.input_tokens", cached),
        ("gen_ai.usage.cache_creation.input_tokens", written),
        ("gen_ai.usage.reasoning.output_tokens", usage.get(UsageClass::Reasoning)),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    // In dollars, in exact decimal: a float would not be.
    let cost = cost.known().map(|nanos| KeyValue::new("baton.cost", nanos.to_string()));
    counts.map(|(name, count)| KeyValue::new(name, number(count))).chain(cost).collect()
}

/// The operation's name in the conventions, or in the same manner where they have none.
fn operation(capability: Capability) -> &'static str {
    match capability {
        Capability::Chat => "chat",
        Capability::Completion => "text_completion",
        Capability::Embedding => "embeddings",
        Capability::ImageGeneration => "image_generation",
        Capability::AudioTranscription => "audio_transcription",
        Capability::AudioTranslation => "audio_translation",
        Capability::AudioSpeech => "audio_speech",
        Capability::Rerank => "rerank",
        Capability::Moderation => "moderation",
        Capability::ImageEdit => "image_edit",
        Capability::ImageVariation => "image_variation",
        Capability::TokenCount => "count_tokens",
        Capability::Compaction => "compaction",
    }
}

fn status(outcome: Outcome, message: Option<String>) -> Status {
    match outcome {
        Outcome::Completed => Status::Ok,
        // Nothing went wrong: the client had enough.
        Outcome::Cancelled => Status::Unset,
        Outcome::Failed | Outcome::Interrupted => Status::error(message.unwrap_or_default()),
    }
}

fn span_id(span: SpanId) -> otel::SpanId {
    otel::SpanId::from_bytes(span.0)
}

fn time(at: Timestamp) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(at.0).unwrap_or(0))
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
