//! Removes what is older than it has to be.

use crate::entity::{event, feedback, request};
use crate::{StoreError, connection, partitions};
use baton_model::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect};

/// Rows in one statement: others write in between.
const ROWS: u64 = 500;

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retained {
    /// Whole months, as `2026-11`.
    pub months: Vec<String>,
    /// Requests that were removed one by one.
    pub requests: u64,
}

pub(super) async fn retain(writer: &DatabaseConnection, since: Timestamp) -> Result<Retained, StoreError> {
    let since = before_unplaced(writer, since).await?;
    let (months, requests) = if connection::is_postgres(writer) {
        (partitions::drop_before(writer, since).await?, partitions::remove_unpartitioned(writer, since).await?)
    } else {
        (Vec::new(), requests(writer, since).await?)
    };
    remove_feedback(writer, since).await?;
    super::corrections::remove(writer, since).await?;
    Ok(Retained { months, requests })
}

/// Not later than the requests whose events still wait for the relay: events are made of records.
async fn before_unplaced(writer: &DatabaseConnection, since: Timestamp) -> Result<Timestamp, StoreError> {
    let waiting = event::Entity::find()
        .select_only()
        .column(event::Column::Id)
        .filter(event::Column::Position.is_null())
        .filter(event::Column::Requests.is_not_null());
    let waiting = waiting.into_tuple::<String>().all(writer).await?;
    // Numbers go up with time, so this finds all that wait, and what was recorded after the first of them.
    let Some(first) = waiting.iter().filter_map(|id| id.parse::<i64>().ok()).min() else { return Ok(since) };
    // A sum, because the least of a column alone would be looked for by its index, from the oldest request on.
    let arrived = Expr::col(request::Column::Arrived).add(0);
    let oldest = request::Entity::find()
        .select_only()
        .column_as(Expr::expr(Func::min(arrived)), "oldest")
        .filter(request::Column::EventNumber.gte(first));
    let oldest = oldest.into_tuple::<Option<i64>>().one(writer).await?.flatten();
    Ok(oldest.map_or(since, |oldest| since.min(Timestamp(oldest))))
}

/// Requests; their attempts go with them.
async fn requests(writer: &DatabaseConnection, since: Timestamp) -> Result<u64, StoreError> {
    let mut removed = 0;
    loop {
        let old = request::Entity::find()
            .select_only()
            .column(request::Column::Id)
            .filter(request::Column::Arrived.lt(since.0))
            .limit(ROWS);
        let old = old.into_tuple::<String>().all(writer).await?;
        if old.is_empty() {
            return Ok(removed);
        }
        let these = request::Entity::delete_many().filter(request::Column::Id.is_in(old));
        removed += these.exec(writer).await?.rows_affected;
    }
}

/// The feedback on replies.
async fn remove_feedback(writer: &DatabaseConnection, since: Timestamp) -> Result<(), StoreError> {
    loop {
        let old = feedback::Entity::find()
            .select_only()
            .column(feedback::Column::Id)
            // By its own time: its request may be gone already.
            .filter(feedback::Column::At.lt(since.0))
            .limit(ROWS);
        let old = old.into_tuple::<String>().all(writer).await?;
        if old.is_empty() {
            return Ok(());
        }
        feedback::Entity::delete_many().filter(feedback::Column::Id.is_in(old)).exec(writer).await?;
    }
}
