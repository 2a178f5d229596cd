//! Reads events by their positions.

use super::requests::{self, Group};
use crate::StoreError;
use crate::entity::{event, request};
use crate::stored_event::StoredEvent;
use baton_model::EventKind;
use sea_orm::{ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

/// A position, and where its event is.
struct Place {
    position: u64,
    weight: i64,
    /// The number of the event of a request; `None`: it is a row.
    number: Option<i64>,
}

pub(super) async fn list_after(
    reader: &DatabaseConnection,
    position: u64,
    types: Option<&[EventKind]>,
    project: Option<&str>,
    limit: u64,
) -> Result<Vec<StoredEvent>, StoreError> {
    let types = types.unwrap_or(&EventKind::ALL);
    let query = event::Entity::find()
        .filter(event::Column::Kind.is_in(requests::words(types)))
        .filter(Condition::all().add_option(project.map(|project| event::Column::Project.eq(project))))
        .order_by_asc(event::Column::Position);
    let mut after = position;
    loop {
        let (events, last) = read_page(reader, &query, after, limit).await?;
        match last {
            // Nothing is left of these events: their requests are older than the ledger keeps.
            Some(last) if events.is_empty() => after = last,
            _ => return Ok(events),
        }
    }
}

/// Some events after a position, and the last position that was looked at; `None`: there is no row.
async fn read_page(
    reader: &DatabaseConnection,
    query: &Select<event::Entity>,
    after: u64,
    limit: u64,
) -> Result<(Vec<StoredEvent>, Option<u64>), StoreError> {
    // A row of many has the position of the last, so it is found as long as one of them is still to come.
    let later = query.clone().filter(event::Column::Position.gt(crate::json::integer(after)));
    let rows = later.select_only().columns([event::Column::Position, event::Column::Requests]);
    let rows = rows.column_as(crate::weight([event::Column::Data]), "weight").limit(limit);
    let rows = rows.into_tuple::<(i64, Option<i32>, i64)>().all(reader).await?;
    // No further than is needed: each row may stand for hundreds of events.
    let mut found = 0;
    let needed = rows.into_iter().map(|(position, requests, weight)| (position.unsigned_abs(), requests, weight));
    let needed = needed.take_while(|(position, requests, _)| {
        let before = found;
        found += requests.map_or(1, |events| u64::from(events.unsigned_abs()).min(position.saturating_sub(after)));
        before < limit
    });
    let rows = needed.collect::<Vec<_>>();
    let groups = rows.iter().filter(|(_, requests, _)| requests.is_some()).map(|(position, ..)| *position);
    let groups = read_groups(reader, groups.collect()).await?;
    let mut places = Vec::new();
    for (number, weight) in requests::numbers(reader, &groups).await? {
        let position = groups.iter().find(|group| group.holds(number)).and_then(|group| group.position_of(number));
        places.extend(position.map(|position| Place { position, weight, number: Some(number) }));
    }
    let events = rows.iter().filter(|(_, requests, _)| requests.is_none());
    places.extend(events.map(|(position, _, weight)| Place { position: *position, weight: *weight, number: None }));
    places.retain(|place| place.position > after);
    places.sort_by_key(|place| place.position);
    places.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    // Weighed first: events of an older version may be of any size, and all of a page is held at once.
    let fitting = crate::take_fitting(&places, |place| place.weight);
    let numbers = fitting.iter().filter_map(|place| place.number).collect::<Vec<_>>();
    let mut events = requests::read_some(reader, &groups, &numbers).await?;
    let singles = fitting.iter().filter(|place| place.number.is_none()).map(|place| place.position);
    let singles = event::Column::Position.is_in(singles.map(crate::json::integer));
    for row in event::Entity::find().filter(singles).all(reader).await? {
        events.push(StoredEvent::try_from(row)?);
    }
    events.sort_by_key(|event| event.position);
    Ok((events, rows.last().map(|(position, ..)| *position)))
}

/// The groups at these positions.
async fn read_groups(reader: &DatabaseConnection, positions: Vec<u64>) -> Result<Vec<Group>, StoreError> {
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let positions = event::Column::Position.is_in(positions.into_iter().map(crate::json::integer));
    let rows = event::Entity::find().filter(positions).all(reader).await?;
    Ok(rows.iter().filter_map(Group::read).collect())
}

pub(super) async fn position_of(
    reader: &DatabaseConnection,
    id: &str,
    project: Option<&str>,
) -> Result<Option<u64>, StoreError> {
    // Without the rows that stand for many: their ids are no event's.
    let query = event::Entity::find_by_id(id).filter(event::Column::Requests.is_null());
    let belongs = |row: &event::Model| project.is_none() || row.project.as_deref() == project;
    if let Some(row) = query.one(reader).await? {
        let row = Some(row).filter(belongs);
        return row.map(StoredEvent::try_from).transpose().map(|event| event.and_then(|event| event.position));
    }
    let query = request::Entity::find_by_id(id).select_only().column(request::Column::EventNumber);
    let number = query.into_tuple::<Option<i64>>().one(reader).await?;
    let Some(number) = number.flatten() else { return Ok(None) };
    let row = event::Entity::find_by_id(Group::id_for(number)).one(reader).await?;
    let group = row.filter(belongs).as_ref().and_then(Group::read);
    Ok(group.and_then(|group| group.position_of(number)))
}
