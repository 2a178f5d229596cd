//! The events of requests. They are not stored: a row of the outbox stands for those of many requests, and each is made
//! of its request's record when somebody reads it.
//!
//! A request holds the number of its event, which is the number of that row with its place in the lowest bits. So the
//! events of a row are a range of one index, and a request leads to its event.

use crate::StoreError;
use crate::connection::{BulkRow, RowValues};
use crate::entity::{event, request};
use crate::ledger::{list, row};
use crate::record;
use crate::stored_event::StoredEvent;
use baton_model::record::{Outcome, RequestRecord};
use baton_model::{EventKind, Timestamp};
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// A row stands for no more events than have a place in these bits.
const PLACE_BITS: u32 = 9;
const PLACES: i64 = (1 << PLACE_BITS) - 1;
/// The most events that one row stands for.
const MOST: usize = 500;
/// Rows in one question.
const ROWS: usize = 100;

/// The words in the column `kind` of such rows. No event has them, so a node of an earlier version, which could not read
/// the rows, leaves them to a newer one.
const KINDS: [(&str, EventKind); 2] = [
    ("model.requests.completed", EventKind::ModelRequestCompleted),
    ("model.requests.failed", EventKind::ModelRequestFailed),
];

/// The words that rows with events of these types have.
pub(super) fn words(types: &[EventKind]) -> Vec<&'static str> {
    let many = KINDS.into_iter().filter(|(_, kind)| types.contains(kind)).map(|(word, _)| word);
    types.iter().map(|kind| kind.name()).chain(many).collect()
}

/// The rows that stand for the events of these requests, and the number of each request's event by its id.
pub(crate) fn rows_for<'r>(records: &[&'r RequestRecord], node: &str) -> (Vec<event::Model>, HashMap<&'r str, i64>) {
    let mut groups = BTreeMap::<(EventKind, Option<String>), Vec<&RequestRecord>>::new();
    for record in records {
        // Readers choose events by type and project, and rows are found by the same columns.
        let project = record.attribution.project.as_deref().map(row::cut_indexed_text).map(Cow::into_owned);
        groups.entry((kind(record), project)).or_default().push(record);
    }
    let (mut rows, mut numbers) = (Vec::new(), HashMap::new());
    for ((kind, project), mut records) in groups {
        records.sort_by(|one, other| (one.finished, one.id.as_str()).cmp(&(other.finished, other.id.as_str())));
        for records in records.chunks(MOST) {
            let first = new_number();
            numbers.extend(records.iter().map(|record| record.id.as_str()).zip(first..));
            let latest = records.last().map_or(0, |record| record.finished.0);
            rows.push(event::Model {
                id: first.to_string(),
                kind: KINDS.iter().find(|(_, of)| *of == kind).map_or(kind.name(), |(word, _)| word).to_owned(),
                subject: String::new(),
                // Not the arrival: a long request would come before events that were placed long ago.
                time: latest,
                data: String::new(),
                traceparent: None,
                source: node.to_owned(),
                position: None,
                project: project.clone(),
                requests: i32::try_from(records.len()).ok(),
            });
        }
    }
    (rows, numbers)
}

impl BulkRow for event::Model {
    fn write(&self, row: &mut impl RowValues) {
        // Every column is named, so that a new one is thought of; each stands here in its order.
        let Self { id, kind, subject, time, data, traceparent, source, position, project, requests } = self;
        row.text(Some(id));
        row.text(Some(kind));
        row.text(Some(subject));
        row.bigint(Some(*time));
        row.text(Some(data));
        row.text(traceparent.as_deref());
        row.text(Some(source));
        row.bigint(*position);
        row.text(project.as_deref());
        row.integer(*requests);
    }
}

/// The number of a new row. Nobody counts, because nodes would wait for each other: it is the time, then chance.
fn new_number() -> i64 {
    const CHANCE_BITS: u32 = 14;
    /// 2020-01-01T00:00:00Z. Counted from 1970, milliseconds would leave too few bits to chance.
    const SINCE: u128 = 1_577_836_800_000;
    let id = uuid::Uuid::now_v7().as_u128();
    let millis = (id >> 80).saturating_sub(SINCE);
    let number = (millis << CHANCE_BITS | id & ((1 << CHANCE_BITS) - 1)) << PLACE_BITS;
    // 40 bits of milliseconds last until 2054, and then the numbers begin anew.
    i64::try_from(number & u128::from(i64::MAX.unsigned_abs())).unwrap_or(0)
}

fn kind(record: &RequestRecord) -> EventKind {
    match record.outcome {
        Outcome::Completed => EventKind::ModelRequestCompleted,
        Outcome::Failed | Outcome::Cancelled | Outcome::Interrupted => EventKind::ModelRequestFailed,
    }
}

/// A row that stands for the events of requests.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) row: event::Model,
    pub(super) kind: EventKind,
    /// The number of its first event.
    first: i64,
    /// How many events it stands for. Some may be gone with their requests, and their places stay empty.
    pub(super) events: u64,
}

impl Group {
    /// The row as such a group; `None` if it is one event.
    pub(super) fn read(row: &event::Model) -> Option<Self> {
        let (_, kind) = KINDS.into_iter().find(|(word, _)| *word == row.kind)?;
        let events = u64::try_from(row.requests?).ok()?;
        Some(Self { kind, first: row.id.parse().ok()?, events, row: row.clone() })
    }

    /// The id of the row in which an event of that number is.
    pub(super) fn id_for(number: i64) -> String {
        (number & !PLACES).to_string()
    }

    /// The position of the event of that number, as soon as the row has one: the row has that of its last event.
    pub(super) fn position_of(&self, number: i64) -> Option<u64> {
        let last = u64::try_from(self.row.position?).ok()?;
        let place = u64::try_from(number.saturating_sub(self.first)).ok()?;
        (last + place + 1).checked_sub(self.events)
    }

    /// The requests whose events these are, by their numbers.
    fn requests(&self) -> SimpleExpr {
        request::Column::EventNumber.between(self.first, self.first | PLACES)
    }

    pub(super) fn holds(&self, number: i64) -> bool {
        number & !PLACES == self.first
    }

    fn event(&self, number: i64, request: String, time: Timestamp, data: String) -> StoredEvent {
        StoredEvent {
            // The request's, so that there is one event, however often the request is written.
            id: request.clone(),
            kind: self.kind,
            subject: request,
            time,
            data,
            traceparent: None,
            source: self.row.source.clone(),
            position: self.position_of(number),
        }
    }
}

/// All events of these groups, each group's in order.
pub(super) async fn read_all(
    database: &impl ConnectionTrait,
    groups: &[Group],
) -> Result<Vec<StoredEvent>, StoreError> {
    let mut events = Vec::new();
    for groups in groups.chunks(ROWS) {
        events.extend(read(database, groups, any_of(groups)).await?);
    }
    Ok(events)
}

/// The events of these numbers, which are all of these groups, in order of the numbers.
pub(super) async fn read_some(
    database: &impl ConnectionTrait,
    groups: &[Group],
    numbers: &[i64],
) -> Result<Vec<StoredEvent>, StoreError> {
    let mut events = Vec::new();
    for numbers in numbers.chunks(ROWS) {
        let these = request::Column::EventNumber.is_in(numbers.iter().copied());
        events.extend(read(database, groups, Condition::all().add(these)).await?);
    }
    Ok(events)
}

async fn read(
    database: &impl ConnectionTrait,
    groups: &[Group],
    which: Condition,
) -> Result<Vec<StoredEvent>, StoreError> {
    let rows = request::Entity::find().filter(which).order_by_asc(request::Column::EventNumber).all(database).await?;
    let keys = rows.iter().map(|row| (row.event_number.unwrap_or(0), row.id.clone(), row.finished)).collect::<Vec<_>>();
    let records = list::read_each(database, rows).await?;
    let events = keys.into_iter().zip(records).filter_map(|((number, id, finished), record)| {
        let group = groups.iter().find(|group| group.holds(number))?;
        let data = record.map(|record| record::to_json(&record)).unwrap_or_else(|error| {
            // As a newer node may have written it. Its event must not hold up all that come after it.
            tracing::error!(%error, "an event has no more than the id of its request");
            serde_json::json!({ "id": id }).to_string()
        });
        Some(group.event(number, id, Timestamp(finished), data))
    });
    Ok(events.collect())
}

/// The numbers of the events of these groups, each with its weight on a page.
pub(super) async fn numbers(database: &impl ConnectionTrait, groups: &[Group]) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut numbers = Vec::new();
    for groups in groups.chunks(ROWS) {
        let query = request::Entity::find()
            .select_only()
            .column(request::Column::EventNumber)
            .column_as(crate::weight(list::TEXTS), "weight")
            .filter(any_of(groups))
            .order_by_asc(request::Column::EventNumber);
        numbers.extend(query.into_tuple::<(i64, i64)>().all(database).await?);
    }
    Ok(numbers)
}

fn any_of(groups: &[Group]) -> Condition {
    groups.iter().fold(Condition::any(), |any, group| any.add(group.requests()))
}
