//! A record as rows, and back.

use super::charge;
use crate::StoreError;
use crate::connection::{BulkRow, RowValues};
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
use std::borrow::Cow;

/// The longest project or user that is kept, in characters.
// Of four bytes each at most: PostgreSQL takes 2,704 bytes in an entry of an index.
const LONGEST_WORD: usize = 500;

/// The row of a request.
pub(super) struct RequestRow<'r> {
    pub record: &'r RequestRecord,
    /// The number of its event.
    pub event_number: Option<i64>,
}

/// The row of an attempt.
pub(super) struct AttemptRow<'r> {
    pub request: &'r RequestRecord,
    pub number: i32,
    pub attempt: &'r AttemptRecord,
}

pub(super) fn attempts(request: &RequestRecord) -> impl Iterator<Item = AttemptRow<'_>> {
    (0..).zip(&request.attempts).map(move |(number, attempt)| AttemptRow { request, number, attempt })
}

impl BulkRow for RequestRow<'_> {
    fn write(&self, row: &mut impl RowValues) {
        // Every field is named, so that a new one is thought of; each stands here in the order of the columns.
        let RequestRecord {
            id,
            arrived,
            finished,
            first_content,
            api,
            capability,
            stream,
            requested,
            served,
            provider,
            attribution: Attribution { key, project, user, task, tags, metadata },
            outcome,
            status,
            error,
            cache,
            charge_factor,
            attempts: _,
        } = self.record;
        row.shared_text(Some(id.shared()));
        row.bigint(Some(arrived.0));
        row.bigint(Some(finished.0));
        row.bigint(first_content.map(|time| time.0));
        // It follows from the times, and is a column all the same: percentiles are sorted by it.
        row.bigint(Some(i64::try_from(finished.since(*arrived).as_micros()).unwrap_or(i64::MAX)));
        row.text(Some(api));
        row.text(Some(capability.name()));
        row.flag(*stream);
        row.text(Some(&text(requested)));
        row.shared_text(served.as_ref().map(ModelId::shared));
        row.shared_text(provider.as_ref().map(ProviderId::shared));
        row.shared_text(key.as_ref().map(KeyId::shared));
        row.rare_text(project.as_deref().map(cut_indexed_text).as_deref());
        row.rare_text(user.as_deref().map(cut_indexed_text).as_deref());
        row.rare_text(task.as_deref().map(text).as_deref());
        row.text(Some(&json::names(tags.iter().map(String::as_str))));
        row.rare_text(metadata.as_ref().map(|metadata| metadata.0.as_str()));
        row.text(Some(outcome.name()));
        row.integer(Some(i32::from(*status)));
        row.rare_text(error.as_ref().map(|error| error.code.name()));
        row.rare_text(error.as_ref().map(|error| text(&error.message)).as_deref());
        row.text(Some(cache.name()));
        row.bigint(cost(self.record.cost()));
        row.flag(self.record.is_estimated());
        row.bigint(self.event_number);
        row.bigint(charge_factor.map(charge::stored_factor));
        row.rare_text(self.record.attribution.run().map(cut_indexed_text).as_deref());
    }
}

impl BulkRow for AttemptRow<'_> {
    fn write(&self, row: &mut impl RowValues) {
        // As above.
        let AttemptRecord {
            model,
            provider,
            upstream,
            upstream_request_id,
            started,
            finished,
            outcome,
            error,
            usage,
            origin,
            cost: price,
            unpriced,
        } = self.attempt;
        let Usage { amounts, service_tier, region, other_models, unaccounted } = usage;
        row.shared_text(Some(self.request.id.shared()));
        row.integer(Some(self.number));
        // The request's, because PostgreSQL keeps both tables in parts by it.
        row.bigint(Some(self.request.arrived.0));
        row.shared_text(Some(model.shared()));
        row.shared_text(Some(provider.shared()));
        row.text(Some(upstream));
        row.text(upstream_request_id.as_deref().map(text).as_deref());
        row.bigint(Some(started.0));
        row.bigint(Some(finished.0));
        row.text(Some(outcome.name()));
        row.rare_text(error.as_ref().map(|error| error.kind.name()));
        row.rare_text(error.as_ref().map(|error| text(&error.message)).as_deref());
        row.text(Some(origin.name()));
        // Without usage there is nothing that was estimated, though no provider reported anything.
        row.flag(*origin == UsageOrigin::Estimated && !usage.is_empty());
        row.text(service_tier.as_deref().map(text).as_deref());
        row.rare_text(region.as_deref().map(text).as_deref());
        row.bigint(cost(*price));
        row.rare_text(unpriced.as_deref().map(text).as_deref());
        for class in CLASSES {
            let amount = json::integer(amounts.get(class));
            if is_usual(class) { row.bigint(Some(amount)) } else { row.rare_bigint(amount) }
        }
        row.rare_text(json::other_models(other_models).as_deref());
        row.rare_text(unaccounted.as_deref().map(text).as_deref());
    }
}

/// The classes in the order of their columns.
const CLASSES: [UsageClass; UsageClass::COUNT] = [
    UsageClass::Input,
    UsageClass::CacheRead,
    UsageClass::CacheWrite,
    UsageClass::CacheWrite1h,
    UsageClass::CacheWrite12h,
    UsageClass::Output,
    UsageClass::Reasoning,
    UsageClass::AudioInput,
    UsageClass::AudioCacheRead,
    UsageClass::AudioOutput,
    UsageClass::ImageInput,
    UsageClass::ImageOutput,
    UsageClass::Images,
    UsageClass::AudioMillis,
    UsageClass::Characters,
    UsageClass::WebSearches,
];

/// Whether many chats have something of it.
fn is_usual(class: UsageClass) -> bool {
    matches!(class, UsageClass::Input | UsageClass::CacheRead | UsageClass::Output | UsageClass::Reasoning)
}

/// Text of a client's or provider's: PostgreSQL keeps no NUL, and one such text must not hold up all that come after. Nor
/// may one fill the disk.
fn text(text: &str) -> Cow<'_, str> {
    let text = bounds::truncate(text, bounds::ERROR);
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text }
}

/// Such text in a column with an index, whose entries are limited to a third of a page.
pub(crate) fn cut_indexed_text(word: &str) -> Cow<'_, str> {
    let text = text(word);
    // There are never more characters than bytes.
    if text.len() <= LONGEST_WORD { text } else { text.chars().take(LONGEST_WORD).collect::<String>().into() }
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
        charge_factor: row.charge_factor.and_then(charge::read_factor),
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

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::{IdenStatic, Iterable};

    #[test]
    fn classes_are_written_in_the_order_of_their_columns() {
        let of_classes = CLASSES.map(|class| column(class).as_str().to_owned());
        let columns = attempt::Column::iter().map(|column| column.as_str().to_owned());
        assert!(columns.filter(|name| of_classes.contains(name)).eq(of_classes.iter().cloned()));
    }
}
