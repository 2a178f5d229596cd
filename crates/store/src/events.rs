//! Events: the outbox that changes write, and the stream that others read.

use crate::database::Database;
use crate::entity::event;
use crate::stored_event::StoredEvent;
use crate::webhooks::deliveries;
use crate::{StoreError, belongs, connection, counters};
use baton_model::{EventKind, Timestamp};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::BTreeMap;

/// Rows in one statement.
const ROWS: usize = 500;

/// Something that happened, on its way into the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its type.
    pub kind: EventKind,
    /// What it is about: the id of a model, key, request.
    pub subject: String,
    /// A JSON object.
    pub data: String,
    /// The trace that it belongs to, as in W3C's header.
    pub traceparent: Option<String>,
}

/// Which events; each field that is set narrows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventFilter<'f> {
    /// Of these types.
    pub types: Option<&'f [EventKind]>,
    /// That belong to this project.
    pub project: Option<&'f str>,
}

/// The events.
///
/// They are committed in any order, from many nodes. One relay at a time gives them positions, so that who reads by
/// position never misses one that was committed late.
#[derive(Debug, Clone, Copy)]
pub struct EventRepository<'s> {
    pub(crate) database: &'s Database,
}

impl EventRepository<'_> {
    /// Those without a position, oldest first; without those of types that only a newer node knows, which relays them
    /// when it has the lease.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list_unplaced(self, limit: u64) -> Result<Vec<StoredEvent>, StoreError> {
        let query = event::Entity::find()
            .filter(event::Column::Position.is_null())
            .filter(event::Column::Kind.is_in(EventKind::ALL.map(EventKind::name)))
            // The event of a request has the request's id, which tells of its arrival: the time of its end decides.
            .order_by_asc(event::Column::Time)
            .order_by_asc(event::Column::Id)
            .limit(limit);
        // Not the reader: it may be a connection that is behind.
        query.all(self.database.writer()).await?.into_iter().map(StoredEvent::try_from).collect()
    }

    /// Gives these the next positions, in this order, and makes a delivery of each for every webhook that wants it.
    /// Those that have a position keep it. Returns the last position of all.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing; then nothing has changed.
    pub async fn place_events(self, ids: &[String]) -> Result<u64, StoreError> {
        let transaction = connection::begin(self.database.writer()).await?;
        // Counting first: who places at the same time waits here, and then sees what was placed.
        counters::count_up(&transaction, counters::POSITION, 0).await?;
        let mut unplaced = BTreeMap::new();
        for ids in ids.chunks(ROWS) {
            let query = event::Entity::find()
                .filter(event::Column::Id.is_in(ids.iter().map(String::as_str)))
                .filter(event::Column::Position.is_null());
            unplaced.extend(query.all(&transaction).await?.into_iter().map(|row| (row.id.clone(), row)));
        }
        // In the order that was asked for, and not in that of the ids; an id that is named twice gets one position.
        let placed = ids.iter().filter_map(|id| unplaced.remove(id)).collect::<Vec<_>>();
        let last = counters::count_up(&transaction, counters::POSITION, placed.len() as u64).await?;
        let first = last.saturating_sub(placed.len() as u64).saturating_add(1);
        for (chunk, rows) in placed.chunks(ROWS).enumerate() {
            let first = crate::json::integer(first).saturating_add(crate::json::integer((chunk * ROWS) as u64));
            position(&transaction, rows, first).await?;
        }
        let placed = placed.into_iter().map(StoredEvent::try_from).collect::<Result<Vec<_>, _>>()?;
        // In the same transaction: an event that has a position has its deliveries too, whatever crashes.
        deliveries::create_deliveries(&transaction, &placed, self.database.clock.now()).await?;
        transaction.commit().await?;
        Ok(last)
    }

    /// Those after a position, in order: `limit` of them at most, and no more than fit a [page](baton_model::bounds::PAGE), but one.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list_after(
        self,
        position: u64,
        filter: &EventFilter<'_>,
        limit: u64,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let types = filter.types.unwrap_or(&EventKind::ALL);
        let query = event::Entity::find()
            .filter(event::Column::Position.gt(crate::json::integer(position)))
            .filter(event::Column::Kind.is_in(types.iter().map(|kind| kind.name())))
            .filter(Condition::all().add_option(filter.project.map(|project| event::Column::Project.eq(project))))
            .order_by_asc(event::Column::Position);
        let weights = query.clone().select_only().column(event::Column::Position);
        let weights = weights.column_as(crate::weight([event::Column::Data]), "weight").limit(limit);
        let weights = weights.into_tuple::<(i64, i64)>().all(self.database.reader()).await?;
        // Weighed first: events of an older version may be of any size, and all of a page is held at once.
        let Some(last) = crate::take_fitting(&weights, |(_, weight)| *weight).last() else { return Ok(Vec::new()) };
        let query = query.filter(event::Column::Position.lte(last.0)).limit(limit);
        query.all(self.database.reader()).await?.into_iter().map(StoredEvent::try_from).collect()
    }

    /// The position of an event; `None` if it is not known (any more), has none yet, or belongs to another project than the
    /// one that is named.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn position_of(self, id: &str, project: Option<&str>) -> Result<Option<u64>, StoreError> {
        let row = event::Entity::find_by_id(id).one(self.database.reader()).await?;
        let row = row.filter(|row| project.is_none() || row.project.as_deref() == project);
        row.map(StoredEvent::try_from).transpose().map(|event| event.and_then(|event| event.position))
    }

    /// The position that was given last, to anyone.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn last_position(self) -> Result<u64, StoreError> {
        counters::get(self.database.reader(), counters::POSITION).await
    }

    /// Removes what happened before then, with its deliveries: but nothing that the relay has not come to, or that a
    /// webhook still waits for. How many.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing; what was removed by then is gone.
    pub async fn expire(self, before: Timestamp) -> Result<u64, StoreError> {
        let mut expired = 0;
        loop {
            // In small steps, so that others can write in between.
            let ids = event::Entity::find()
                .select_only()
                .column(event::Column::Id)
                .filter(event::Column::Time.lt(before.0))
                .filter(event::Column::Position.is_not_null())
                // Deliveries go with their event by a foreign key, so an event has to outlive them.
                .filter(event::Column::Id.not_in_subquery(deliveries::pending_events()))
                .limit(ROWS as u64)
                .into_tuple::<String>()
                .all(self.database.writer())
                .await?;
            if ids.is_empty() {
                return Ok(expired);
            }
            let these = event::Entity::delete_many().filter(event::Column::Id.is_in(ids));
            expired += these.exec(self.database.writer()).await?.rows_affected;
        }
    }
}

/// The row of a new event.
pub(crate) fn row(event: NewEvent, node: &str, now: Timestamp) -> event::Model {
    event::Model {
        id: crate::new_id(),
        project: belongs::project(event.kind.name(), &event.subject, Some(&event.data)),
        kind: event.kind.name().to_owned(),
        subject: event.subject,
        time: now.0,
        data: event.data,
        traceparent: event.traceparent,
        source: node.to_owned(),
        position: None,
    }
}

/// Puts events into the outbox; one that is there already stays as it is.
pub(crate) async fn insert(database: &impl ConnectionTrait, rows: Vec<event::Model>) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    event::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
        .on_conflict(crate::keep_existing())
        .exec_without_returning(database)
        .await?;
    Ok(())
}

/// Gives rows positions from `first` on, in one statement.
async fn position(database: &impl ConnectionTrait, rows: &[event::Model], first: i64) -> Result<(), StoreError> {
    let mut position = CaseStatement::new();
    for (row, place) in rows.iter().zip(first..) {
        position = position.case(Expr::col(event::Column::Id).eq(row.id.as_str()), Expr::value(place));
    }
    let mut update = Query::update();
    update
        .table(event::Entity)
        .value(event::Column::Position, position)
        .and_where(event::Column::Id.is_in(rows.iter().map(|row| row.id.as_str())));
    database.execute(&update).await?;
    Ok(())
}
