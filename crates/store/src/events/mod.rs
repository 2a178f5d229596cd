//! Events: the outbox that changes write, and the stream that others read.

mod outbox;
mod place;
pub(crate) mod requests;
mod stream;

pub use outbox::NewEvent;
pub(crate) use outbox::{id_of_occasion, insert, row};

use crate::database::Database;
use crate::entity::event;
use crate::stored_event::StoredEvent;
use crate::webhooks::deliveries;
use crate::{StoreError, counters};
use baton_model::{EventKind, Timestamp};
use outbox::ROWS;
use requests::Group;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Which events; each field that is set narrows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventFilter<'f> {
    /// Of these types.
    pub types: Option<&'f [EventKind]>,
    /// That belong to this project.
    pub project: Option<&'f str>,
}

/// What waits for the relay.
#[derive(Debug, Clone, PartialEq)]
pub struct Outbox {
    rows: Vec<event::Model>,
    has_more: bool,
}

impl Outbox {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether there may be more than these.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// The ids of its rows, for [`EventRepository::place_events`]. One may stand for the events of many requests.
    pub fn ids(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.id.clone()).collect()
    }
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
    /// Those without a position, oldest first: about `limit` of them, as [`Self::outbox`] says.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list_unplaced(self, limit: u64) -> Result<Vec<StoredEvent>, StoreError> {
        self.read_outbox(&self.outbox(limit).await?, true).await
    }

    /// What has no position yet, oldest first: about `limit` events, since those of requests that were recorded together
    /// come together. Without those of types that only a newer node knows, which relays them when it has the lease.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn outbox(self, limit: u64) -> Result<Outbox, StoreError> {
        let query = event::Entity::find()
            .filter(event::Column::Position.is_null())
            .filter(event::Column::Kind.is_in(requests::words(&EventKind::ALL)))
            .order_by_asc(event::Column::Time)
            .order_by_asc(event::Column::Id)
            .limit(limit);
        // Not the reader: it may be a connection that is behind.
        let mut rows = query.all(self.database.writer()).await?;
        let (found, mut events) = (rows.len(), 0);
        let mut fits = |row: &event::Model| {
            let before = events;
            events += Group::read(row).map_or(1, |group| group.events);
            // What stands together is never cut, so the first is taken however much it stands for.
            before == 0 || events <= limit
        };
        let taken = rows.iter().take_while(|row| fits(row)).count();
        rows.truncate(taken);
        Ok(Outbox { rows, has_more: taken < found || found as u64 >= limit })
    }

    /// The events of the outbox, oldest first: with those of requests, which are made of their records, or without.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn read_outbox(self, outbox: &Outbox, with_requests: bool) -> Result<Vec<StoredEvent>, StoreError> {
        let groups = outbox.rows.iter().filter_map(Group::read).filter(|_| with_requests).collect::<Vec<_>>();
        let mut events = requests::read_all(self.database.writer(), &groups).await?;
        for row in outbox.rows.iter().filter(|row| row.requests.is_none()) {
            events.push(StoredEvent::try_from(row.clone())?);
        }
        // The event of a request has the request's id, which tells of its arrival: the time of its end decides.
        events.sort_by(|one, other| (one.time, &one.id).cmp(&(other.time, &other.id)));
        Ok(events)
    }

    /// Gives these (events, or rows of the outbox) the next positions, in this order, and makes a delivery of each for every webhook that wants it.
    /// Those that have a position keep it. Events of requests that were recorded together get positions that follow each
    /// other. Returns the last position of all.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing; then nothing has changed.
    pub async fn place_events(self, ids: &[String]) -> Result<u64, StoreError> {
        place::place_events(self.database, ids).await
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
        stream::list_after(self.database.reader(), position, filter.types, filter.project, limit).await
    }

    /// The position of an event; `None` if it is not known (any more), has none yet, or belongs to another project than the
    /// one that is named.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn position_of(self, id: &str, project: Option<&str>) -> Result<Option<u64>, StoreError> {
        stream::position_of(self.database.reader(), id, project).await
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
    /// webhook still waits for. The events of requests that were recorded together go together, with the last of them.
    /// How many.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing; what was removed by then is gone.
    pub async fn expire(self, before: Timestamp) -> Result<u64, StoreError> {
        let mut expired = 0;
        loop {
            // In small steps, so that others can write in between.
            let old = event::Entity::find()
                .select_only()
                .columns([event::Column::Id, event::Column::Requests])
                .filter(event::Column::Time.lt(before.0))
                .filter(event::Column::Position.is_not_null())
                // Deliveries go with their event by a foreign key, so an event has to outlive them.
                .filter(event::Column::Id.not_in_subquery(deliveries::pending_events()))
                .limit(ROWS as u64)
                .into_tuple::<(String, Option<i32>)>()
                .all(self.database.writer())
                .await?;
            if old.is_empty() {
                return Ok(expired);
            }
            expired += old.iter().map(|(_, requests)| u64::from(requests.unwrap_or(1).unsigned_abs())).sum::<u64>();
            let these = event::Column::Id.is_in(old.into_iter().map(|(id, _)| id));
            event::Entity::delete_many().filter(these).exec(self.database.writer()).await?;
        }
    }
}
