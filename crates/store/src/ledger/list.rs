//! The list of requests, newest first, in pages that don't shift when new ones arrive.

use super::row;
use crate::StoreError;
use crate::entity::{attempt, request};
use baton_model::record::{CacheUse, Outcome, RequestRecord};
use baton_model::{Capability, KeyId, ModelId, ProviderId, RequestId, Timestamp};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::HashMap;

/// Which requests; each field that is set narrows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Served by this model, or requested under its name.
    pub model: Option<ModelId>,
    /// Served by this provider.
    pub provider: Option<ProviderId>,
    /// Made with this key.
    pub key: Option<KeyId>,
    /// Booked on this project.
    pub project: Option<String>,
    /// Booked on this user.
    pub user: Option<String>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// With this HTTP status.
    pub status: Option<u16>,
    /// For this capability.
    pub capability: Option<Capability>,
    /// That used the response cache so.
    pub cache: Option<CacheUse>,
    /// Arrived then or later.
    pub from: Option<Timestamp>,
    /// Arrived before.
    pub to: Option<Timestamp>,
    /// Whose id begins so.
    pub id: Option<String>,
}

/// A place in the list: the last request of a page. As text it is `ARRIVED.ID`, opaque to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestCursor {
    arrived: Timestamp,
    id: RequestId,
}

/// One page of requests.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestPage {
    /// The requests with their attempts, newest first.
    pub items: Vec<RequestRecord>,
    /// Where the next page begins; `None`: this is the last.
    pub next: Option<RequestCursor>,
}

impl RequestCursor {
    /// After that request.
    pub fn after(record: &RequestRecord) -> Self {
        Self { arrived: record.arrived, id: record.id.clone() }
    }

    /// Reads what [`Display`](std::fmt::Display) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (arrived, id) = text.split_once('.')?;
        (!id.is_empty()).then_some(())?;
        Some(Self { arrived: Timestamp(arrived.parse().ok()?), id: RequestId::from(id) })
    }
}

impl std::fmt::Display for RequestCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.arrived.0, self.id)
    }
}

pub(super) async fn list(
    reader: &DatabaseConnection,
    filter: &RequestFilter,
    cursor: Option<&RequestCursor>,
    limit: u64,
) -> Result<RequestPage, StoreError> {
    let limit = limit.clamp(1, 1_000);
    let query = request::Entity::find().order_by_desc(request::Column::Arrived).order_by_desc(request::Column::Id);
    let weights = query
        .clone()
        .filter(condition(filter))
        .filter(Condition::all().add_option(cursor.map(older_than)))
        .select_only()
        .columns([request::Column::Arrived, request::Column::Id])
        .column_as(crate::weight(TEXTS), "weight")
        .limit(limit + 1);
    let weights = weights.into_tuple::<(i64, String, i64)>().all(reader).await?;
    // Weighed first: records of an older version may be of any size, and all of a page is held at once.
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let fitting = crate::take_fitting(weights.get(..limit).unwrap_or(&weights), |(.., weight)| *weight);
    let (Some((newest, ..)), Some((oldest, ..))) = (fitting.first(), fitting.last()) else {
        return Ok(RequestPage { items: Vec::new(), next: None });
    };
    let rows = query
        .filter(request::Column::Id.is_in(fitting.iter().map(|(_, id, _)| id.as_str())))
        // Names the months, where the ledger is in parts.
        .filter(request::Column::Arrived.lte(*newest))
        .filter(request::Column::Arrived.gte(*oldest));
    let items = with_attempts(reader, rows.all(reader).await?).await?;
    let more = weights.len() > fitting.len();
    let next = items.last().filter(|_| more).map(RequestCursor::after);
    Ok(RequestPage { items, next })
}

/// The columns of a request that a client or provider fills.
pub(crate) const TEXTS: [request::Column; 3] =
    [request::Column::Metadata, request::Column::Tags, request::Column::ErrorMessage];

/// The records of these rows, in their order.
pub(super) async fn with_attempts(
    reader: &DatabaseConnection,
    rows: Vec<request::Model>,
) -> Result<Vec<RequestRecord>, StoreError> {
    read_each(reader, rows).await?.into_iter().collect()
}

/// The same, each by itself: of those that can't be read, why.
pub(crate) async fn read_each(
    reader: &impl ConnectionTrait,
    rows: Vec<request::Model>,
) -> Result<Vec<Result<RequestRecord, StoreError>>, StoreError> {
    let arrived = || rows.iter().map(|row| row.arrived);
    let query = attempt::Entity::find()
        .filter(attempt::Column::RequestId.is_in(rows.iter().map(|row| row.id.as_str())))
        // Names the months, where the ledger is in parts.
        .filter(attempt::Column::Arrived.gte(arrived().min()))
        .filter(attempt::Column::Arrived.lte(arrived().max()))
        .order_by_asc(attempt::Column::Number);
    let mut attempts = HashMap::<String, Vec<attempt::Model>>::new();
    for attempt in query.all(reader).await? {
        attempts.entry(attempt.request_id.clone()).or_default().push(attempt);
    }
    let read = rows.into_iter().map(|row| {
        let attempts = attempts.remove(&row.id).unwrap_or_default();
        row::read(row, attempts)
    });
    Ok(read.collect())
}

fn older_than(cursor: &RequestCursor) -> Condition {
    let same_moment = Condition::all()
        .add(request::Column::Arrived.eq(cursor.arrived.0))
        .add(request::Column::Id.lt(cursor.id.as_str()));
    // Said twice, so that the index leads to the place: of an alternative no database takes the range.
    Condition::all()
        .add(request::Column::Arrived.lte(cursor.arrived.0))
        .add(Condition::any().add(request::Column::Arrived.lt(cursor.arrived.0)).add(same_moment))
}

fn condition(filter: &RequestFilter) -> Condition {
    use request::Column;
    let model = |model: &ModelId| {
        Condition::any().add(Column::Served.eq(model.as_str())).add(Column::Requested.eq(model.as_str()))
    };
    Condition::all()
        .add_option(filter.model.as_ref().map(model))
        .add_option(filter.provider.as_ref().map(|provider| Column::Provider.eq(provider.as_str())))
        .add_option(filter.key.as_ref().map(|key| Column::KeyId.eq(key.as_str())))
        .add_option(filter.project.as_ref().map(|project| Column::Project.eq(project)))
        .add_option(filter.user.as_ref().map(|user| Column::User.eq(user)))
        .add_option(filter.outcome.map(|outcome| Column::Outcome.eq(outcome.name())))
        .add_option(filter.status.map(|status| Column::Status.eq(i32::from(status))))
        .add_option(filter.capability.map(|capability| Column::Capability.eq(capability.name())))
        .add_option(filter.cache.map(|cache| Column::Cache.eq(cache.name())))
        .add_option(filter.from.map(|from| Column::Arrived.gte(from.0)))
        .add_option(filter.to.map(|to| Column::Arrived.lt(to.0)))
        .add_option(filter.id.as_ref().map(|id| Column::Id.gte(id)))
        // A range instead of LIKE: no wildcards to escape, and the index serves it.
        .add_option(filter.id.as_ref().map(|id| Column::Id.lte(format!("{id}\u{10ffff}"))))
}
