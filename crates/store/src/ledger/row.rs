//! A record as rows, and back.

use crate::StoreError;
use crate::entity::{attempt, request};
use crate::json;
use baton_model::bounds;
use baton_model::capability::Capability;
use baton_model::chat::Json;
use baton_model::fault::ErrorKind;
use baton_model::record::{AttemptError, AttemptRecord, Attribution, CacheUse, Outcome, RequestError, RequestRecord};
use baton_model::{
    Code, Cost, KeyId, ModelId, Nanos, ProviderId, RequestId, Timestamp, Usage, UsageClass, UsageOrigin,
};
use sea_orm::{ModelTrait, Value};

/// The longest project or user that is kept, in characters.
// Of four bytes each at most: PostgreSQL takes 2,704 bytes in an entry of an index.
const LONGEST_WORD: usize = 500;

/// The row of a request whose event has that number.
pub(super) fn request(record: &RequestRecord, event_number: Option<i64>) -> request::Model {
    let attribution = &record.attribution;
    request::Model {
        id: record.id.to_string(),
        arrived: record.arrived.0,
        finished: record.finished.0,
        first_content: record.first_content.map(|time| time.0),
        // It follows from the times, and is a column all the same: percentiles are sorted by it.
        latency: i64::try_from(record.finished.since(record.arrived).as_micros()).unwrap_or(i64::MAX),
        api: record.api.clone(),
        capability: record.capability.name().to_owned(),
        stream: record.stream,
        requested: text(&record.requested),
        served: record.served.as_ref().map(ToString::to_string),
        provider: record.provider.as_ref().map(ToString::to_string),
        key_id: attribution.key.as_ref().map(ToString::to_string),
        project: attribution.project.as_deref().map(cut_indexed_text),
        user: attribution.user.as_deref().map(cut_indexed_text),
        task: attribution.task.as_deref().map(text),
        tags: json::names(attribution.tags.iter().map(String::as_str)),
        metadata: attribution.metadata.as_ref().map(|metadata| metadata.0.clone()),
        outcome: record.outcome.name().to_owned(),
        status: i32::from(record.status),
        error_code: record.error.as_ref().map(|error| error.code.name().to_owned()),
        error_message: record.error.as_ref().map(|error| text(&error.message)),
        cache: record.cache.name().to_owned(),
        cost: cost(record.cost()),
        estimated: record.is_estimated(),
        event_number,
    }
}

pub(super) fn attempts(record: &RequestRecord) -> impl Iterator<Item = attempt::Model> + '_ {
    (0..).zip(&record.attempts).map(|(number, attempt)| self::attempt(record, number, attempt))
}

fn attempt(request: &RequestRecord, number: i32, attempt: &AttemptRecord) -> attempt::Model {
    let amount = |class| json::integer(attempt.usage.get(class));
    attempt::Model {
        request_id: request.id.to_string(),
        number,
        // The request's, because PostgreSQL keeps both tables in parts by it.
        arrived: request.arrived.0,
        model: attempt.model.to_string(),
        provider: attempt.provider.to_string(),
        upstream: attempt.upstream.clone(),
        upstream_request_id: attempt.upstream_request_id.as_deref().map(text),
        started: attempt.started.0,
        finished: attempt.finished.0,
        outcome: attempt.outcome.name().to_owned(),
        error_kind: attempt.error.as_ref().map(|error| error.kind.name().to_owned()),
        error_message: attempt.error.as_ref().map(|error| text(&error.message)),
        origin: attempt.origin.name().to_owned(),
        // Without usage there is nothing that was estimated, though no provider reported anything.
        estimated: attempt.origin == UsageOrigin::Estimated && !attempt.usage.is_empty(),
        service_tier: attempt.usage.service_tier.as_deref().map(text),
        region: attempt.usage.region.as_deref().map(text),
        cost: cost(attempt.cost),
        unpriced: attempt.unpriced.as_deref().map(text),
        input: amount(UsageClass::Input),
        cache_read: amount(UsageClass::CacheRead),
        cache_write: amount(UsageClass::CacheWrite),
        cache_write_1h: amount(UsageClass::CacheWrite1h),
        cache_write_12h: amount(UsageClass::CacheWrite12h),
        output: amount(UsageClass::Output),
        reasoning: amount(UsageClass::Reasoning),
        audio_input: amount(UsageClass::AudioInput),
        audio_cache_read: amount(UsageClass::AudioCacheRead),
        audio_output: amount(UsageClass::AudioOutput),
        image_input: amount(UsageClass::ImageInput),
        image_output: amount(UsageClass::ImageOutput),
        images: amount(UsageClass::Images),
        audio_ms: amount(UsageClass::AudioMillis),
        characters: amount(UsageClass::Characters),
        web_searches: amount(UsageClass::WebSearches),
        other_models: json::other_models(&attempt.usage.other_models),
        unaccounted: attempt.usage.unaccounted.as_deref().map(text),
    }
}

/// Text of a client's or provider's: PostgreSQL keeps no NUL, and one such text must not hold up all that come after. Nor
/// may one fill the disk.
fn text(text: &str) -> String {
    bounds::truncate(text, bounds::ERROR).replace('\0', "\u{fffd}")
}

/// Such text in a column with an index, whose entries are limited to a third of a page.
pub(crate) fn cut_indexed_text(word: &str) -> String {
    text(word).chars().take(LONGEST_WORD).collect()
}

fn cost(cost: Cost) -> Option<i64> {
    cost.known().map(|nanos| nanos.0)
}

/// The record of a request's row and those of its attempts, in order.
pub(super) fn read(row: request::Model, attempts: Vec<attempt::Model>) -> Result<RequestRecord, StoreError> {
    let what = format!("a request (`{}`)", row.id);
    let unknown = |field: &str, word: &str| StoreError::corrupt(what.clone(), format!("its {field} is `{word}`"));
    let error = match row.error_code {
        None => None,
        Some(word) => {
            let code = Code::lookup(&word).ok_or_else(|| unknown("error_code", &word))?;
            Some(RequestError { code, message: row.error_message.unwrap_or_default() })
        }
    };
    Ok(RequestRecord {
        capability: Capability::lookup_requestable(&row.capability)
            .ok_or_else(|| unknown("capability", &row.capability))?,
        outcome: Outcome::lookup(&row.outcome).ok_or_else(|| unknown("outcome", &row.outcome))?,
        cache: CacheUse::lookup(&row.cache).ok_or_else(|| unknown("cache", &row.cache))?,
        status: u16::try_from(row.status).map_err(|_| unknown("status", &row.status.to_string()))?,
        attempts: attempts.into_iter().map(|attempt| read_attempt(attempt, unknown)).collect::<Result<_, _>>()?,
        attribution: Attribution {
            key: row.key_id.map(KeyId::from),
            project: row.project,
            user: row.user,
            task: row.task,
            tags: json::read_names(&row.tags).map_err(|error| StoreError::corrupt(what.clone(), error))?,
            metadata: row.metadata.map(Json),
        },
        error,
        id: RequestId::from(row.id),
        arrived: Timestamp(row.arrived),
        finished: Timestamp(row.finished),
        first_content: row.first_content.map(Timestamp),
        api: row.api,
        stream: row.stream,
        requested: row.requested,
        served: row.served.map(ModelId::from),
        provider: row.provider.map(ProviderId::from),
    })
}

fn read_attempt(row: attempt::Model, unknown: impl Fn(&str, &str) -> StoreError) -> Result<AttemptRecord, StoreError> {
    // First, because the words below are moved out of the row.
    let usage = usage(&row)?;
    let error = match row.error_kind {
        None => None,
        Some(word) => {
            let kind = ErrorKind::lookup(&word).ok_or_else(|| unknown("error_kind", &word))?;
            Some(AttemptError { kind, message: row.error_message.unwrap_or_default() })
        }
    };
    Ok(AttemptRecord {
        outcome: Outcome::lookup(&row.outcome).ok_or_else(|| unknown("attempt's outcome", &row.outcome))?,
        origin: UsageOrigin::lookup(&row.origin).ok_or_else(|| unknown("attempt's origin", &row.origin))?,
        error,
        usage,
        model: ModelId::from(row.model),
        provider: ProviderId::from(row.provider),
        upstream: row.upstream,
        upstream_request_id: row.upstream_request_id,
        started: Timestamp(row.started),
        finished: Timestamp(row.finished),
        cost: row.cost.map_or(Cost::Unpriced, |nanos| Cost::Known(Nanos(nanos))),
        unpriced: row.unpriced,
    })
}

pub(super) fn usage(row: &attempt::Model) -> Result<Usage, StoreError> {
    let other_models = json::read_other_models(row.other_models.as_deref())
        .map_err(|error| StoreError::corrupt(format!("a request (`{}`)", row.request_id), error))?;
    let mut usage = Usage {
        service_tier: row.service_tier.clone(),
        region: row.region.clone(),
        other_models,
        unaccounted: row.unaccounted.clone(),
        ..Usage::default()
    };
    for class in UsageClass::ALL {
        if let Value::BigInt(Some(amount)) = row.get(column(class)) {
            usage.set(class, u64::try_from(amount).unwrap_or(0));
        }
    }
    Ok(usage)
}

/// The column of a class.
pub(super) fn column(class: UsageClass) -> attempt::Column {
    match class {
        UsageClass::Input => attempt::Column::Input,
        UsageClass::CacheRead => attempt::Column::CacheRead,
        UsageClass::CacheWrite => attempt::Column::CacheWrite,
        UsageClass::CacheWrite1h => attempt::Column::CacheWrite1h,
        UsageClass::CacheWrite12h => attempt::Column::CacheWrite12h,
        UsageClass::Output => attempt::Column::Output,
        UsageClass::Reasoning => attempt::Column::Reasoning,
        UsageClass::AudioInput => attempt::Column::AudioInput,
        UsageClass::AudioCacheRead => attempt::Column::AudioCacheRead,
        UsageClass::AudioOutput => attempt::Column::AudioOutput,
        UsageClass::ImageInput => attempt::Column::ImageInput,
        UsageClass::ImageOutput => attempt::Column::ImageOutput,
        UsageClass::Images => attempt::Column::Images,
        UsageClass::AudioMillis => attempt::Column::AudioMs,
        UsageClass::Characters => attempt::Column::Characters,
        UsageClass::WebSearches => attempt::Column::WebSearches,
    }
}
