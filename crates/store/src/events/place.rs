//! Gives events their positions.
//!
//! A row that stands for the events of many requests gets its positions in one go. Where that can't be, its events are
//! written out as rows of their own: if only some of them went out, or if a webhook wants them, whose deliveries refer to
//! a row.

use super::outbox::{self, ROWS};
use super::requests::{self, Group};
use crate::database::Database;
use crate::entity::{event, request};
use crate::stored_event::StoredEvent;
use crate::webhooks::deliveries;
use crate::{StoreError, connection, counters};
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Rows whose positions are given in one statement: each is compared with all of them.
const POSITIONS: usize = 50;

pub(super) async fn place_events(database: &Database, ids: &[String]) -> Result<u64, StoreError> {
    let transaction = connection::begin(database.writer()).await?;
    // Counting first: who places at the same time waits here, and then sees what was placed.
    counters::count_up(&transaction, counters::POSITION, 0).await?;
    let webhooks = deliveries::active_webhooks(&transaction).await?;
    let mut named = find(&transaction, ids).await?;
    for (_, (group, numbers)) in std::mem::take(&mut named.groups) {
        let wanted = webhooks.iter().any(|webhook| webhook.wants(group.kind));
        // As nearly always: all of it goes out, and nobody needs its events one by one.
        if numbers.is_none() && !wanted {
            named.events.insert(group.row.id.clone(), group.row);
            continue;
        }
        let present = requests::numbers(&transaction, std::slice::from_ref(&group)).await?;
        let whole = present.iter().all(|(number, _)| numbers.as_ref().is_none_or(|wanted| wanted.contains(number)));
        if whole && !wanted {
            named.events.insert(group.row.id.clone(), group.row);
            continue;
        }
        let numbers = match numbers {
            Some(numbers) => numbers.into_iter().collect(),
            None => present.into_iter().map(|(number, _)| number).collect::<Vec<_>>(),
        };
        let written = write_out(&transaction, &group, &numbers, whole).await?;
        named.written.insert(group.row.id.clone(), written.iter().map(|row| row.id.clone()).collect());
        named.events.extend(written.into_iter().map(|row| (row.id.clone(), row)));
    }
    let placed = named.in_order(ids);
    let events = placed.iter().map(|row| row.requests.map_or(1, i64::from));
    let last = counters::count_up(&transaction, counters::POSITION, events.clone().sum::<i64>().unsigned_abs()).await?;
    let mut position = crate::json::integer(last) - events.clone().sum::<i64>();
    let positions = events.map(|events| {
        position += events;
        position
    });
    let positions = positions.collect::<Vec<_>>();
    for (rows, positions) in placed.chunks(POSITIONS).zip(positions.chunks(POSITIONS)) {
        set_positions(&transaction, rows, positions).await?;
    }
    let placed = placed.into_iter().filter(|row| row.requests.is_none()).map(StoredEvent::try_from);
    let placed = placed.collect::<Result<Vec<_>, _>>()?;
    // In the same transaction: an event that has a position has its deliveries too, whatever crashes.
    deliveries::create_deliveries(&transaction, &webhooks, &placed, database.clock.now()).await?;
    transaction.commit().await?;
    Ok(last)
}

/// What ids mean that have no position yet.
#[derive(Default)]
struct Named {
    /// By their ids.
    events: HashMap<String, event::Model>,
    /// Rows that stand for many events, and the numbers of those that were named; `None`: the row itself was.
    groups: BTreeMap<String, (Group, Option<BTreeSet<i64>>)>,
    /// The row of each event of a request that was named.
    rows: HashMap<String, String>,
    /// The ids of the events of a row that were written out.
    written: HashMap<String, Vec<String>>,
}

impl Named {
    /// The rows in the order that was asked for; one that is named twice is there once.
    fn in_order(mut self, ids: &[String]) -> Vec<event::Model> {
        let mut placed = Vec::new();
        for id in ids {
            // Itself, else what came of its row.
            let row = self.rows.get(id).unwrap_or(id);
            if let Some(event) = self.events.remove(id).or_else(|| self.events.remove(row)) {
                placed.push(event);
            } else if let Some(written) = self.written.remove(id) {
                placed.extend(written.iter().filter_map(|id| self.events.remove(id)));
            }
        }
        placed
    }
}

async fn find(transaction: &DatabaseTransaction, ids: &[String]) -> Result<Named, StoreError> {
    let mut named = Named::default();
    for ids in ids.chunks(ROWS) {
        for row in unplaced(transaction, ids.iter().map(String::as_str)).await? {
            match Group::read(&row) {
                Some(group) => drop(named.groups.insert(row.id, (group, None))),
                None => drop(named.events.insert(row.id.clone(), row)),
            }
        }
        let left = |id: &&String| !named.events.contains_key(*id) && !named.groups.contains_key(*id);
        let left = ids.iter().filter(left).map(String::as_str).collect::<Vec<_>>();
        if left.is_empty() {
            continue;
        }
        let numbers = request::Entity::find()
            .select_only()
            .columns([request::Column::Id, request::Column::EventNumber])
            .filter(request::Column::Id.is_in(left))
            .filter(request::Column::EventNumber.is_not_null())
            .into_tuple::<(String, i64)>()
            .all(transaction)
            .await?;
        let mut by_row = BTreeMap::<String, BTreeSet<i64>>::new();
        for (request, number) in numbers {
            let row = Group::id_for(number);
            named.rows.insert(request, row.clone());
            by_row.entry(row).or_default().insert(number);
        }
        let missing = by_row.keys().filter(|row| !named.groups.contains_key(*row)).map(String::as_str);
        let groups = unplaced(transaction, missing.collect::<Vec<_>>()).await?;
        for group in groups.iter().filter_map(Group::read) {
            named.groups.insert(group.row.id.clone(), (group, Some(BTreeSet::new())));
        }
        for (row, numbers) in by_row {
            // Of a row that was named itself, all are.
            if let Some((_, Some(wanted))) = named.groups.get_mut(&row) {
                wanted.extend(numbers);
            }
        }
    }
    Ok(named)
}

async fn unplaced(
    transaction: &DatabaseTransaction,
    ids: impl IntoIterator<Item = &str>,
) -> Result<Vec<event::Model>, StoreError> {
    let query = event::Entity::find().filter(event::Column::Id.is_in(ids)).filter(event::Column::Position.is_null());
    Ok(query.all(transaction).await?)
}

/// Makes rows of their own of some events of a group, or of all that are left; then the group's row goes.
async fn write_out(
    transaction: &DatabaseTransaction,
    group: &Group,
    numbers: &[i64],
    all: bool,
) -> Result<Vec<event::Model>, StoreError> {
    let events = requests::read_some(transaction, std::slice::from_ref(group), numbers).await?;
    let row = |event: StoredEvent| event::Model {
        id: event.id,
        kind: event.kind.name().to_owned(),
        subject: event.subject,
        time: event.time.0,
        data: event.data,
        requests: None,
        ..group.row.clone()
    };
    let rows = events.into_iter().map(row).collect::<Vec<_>>();
    for rows in rows.chunks(ROWS) {
        outbox::insert(transaction, rows.to_vec()).await?;
        // They have no place in the group from here on.
        request::Entity::update_many()
            .col_expr(request::Column::EventNumber, Expr::value(None::<i64>))
            .filter(request::Column::Id.is_in(rows.iter().map(|row| row.id.as_str())))
            .exec(transaction)
            .await?;
    }
    if all {
        event::Entity::delete_by_id(group.row.id.as_str()).exec(transaction).await?;
    }
    Ok(rows)
}

/// Gives rows their positions, in one statement.
async fn set_positions(
    database: &impl ConnectionTrait,
    rows: &[event::Model],
    positions: &[i64],
) -> Result<(), StoreError> {
    let mut position = CaseStatement::new();
    for (row, place) in rows.iter().zip(positions) {
        position = position.case(Expr::col(event::Column::Id).eq(row.id.as_str()), Expr::value(*place));
    }
    let mut update = Query::update();
    update
        .table(event::Entity)
        .value(event::Column::Position, position)
        .and_where(event::Column::Id.is_in(rows.iter().map(|row| row.id.as_str())));
    database.execute(&update).await?;
    Ok(())
}
