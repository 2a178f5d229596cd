//! Writes a batch of records, all or none.

use super::row;
use crate::database::Database;
use crate::entity::{attempt, event, request};
use crate::{StoreError, connection, events, record};
use baton_model::EventKind;
use baton_model::record::{Outcome, RequestRecord};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use std::collections::HashSet;

/// Rows in one statement: a row has up to 30 values, and SQLite takes 32,766 in a statement, PostgreSQL 65,535.
const ROWS: usize = 500;

pub(super) async fn write(database: &Database, records: &[RequestRecord]) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let transaction = connection::begin(database.writer()).await?;
    // One record may be in the batch twice, and then the database knows of neither.
    let mut seen = HashSet::new();
    for records in records.chunks(ROWS) {
        // What is there is left out as a whole. Ignoring conflicts alone would add attempts that the first version
        // did not have.
        let known = find_known(&transaction, records).await?;
        let new = records
            .iter()
            .filter(|record| !known.contains(record.id.as_str()) && seen.insert(record.id.as_str()))
            .collect::<Vec<_>>();
        insert(&transaction, &new).await?;
        events::insert(&transaction, new.iter().map(|record| event(record, &database.node)).collect()).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The ids among these that are there already.
async fn find_known(
    transaction: &DatabaseTransaction,
    records: &[RequestRecord],
) -> Result<HashSet<String>, StoreError> {
    let ids = records.iter().map(|record| record.id.as_str());
    let query = request::Entity::find().select_only().column(request::Column::Id);
    let known = query.filter(request::Column::Id.is_in(ids)).into_tuple::<String>().all(transaction).await?;
    Ok(known.into_iter().collect())
}

async fn insert(transaction: &DatabaseTransaction, records: &[&RequestRecord]) -> Result<(), StoreError> {
    // Requests first: on SQLite attempts refer to them.
    let requests = records.iter().map(|record| row::request(record).into_active_model()).collect::<Vec<_>>();
    let attempts = records.iter().flat_map(|record| row::attempts(record)).map(IntoActiveModel::into_active_model);
    let attempts = attempts.collect::<Vec<_>>();
    if !requests.is_empty() {
        request::Entity::insert_many(requests)
            .on_conflict(crate::keep_existing())
            .exec_without_returning(transaction)
            .await?;
    }
    // A request may have several, so those of a batch can be too many for one statement.
    for attempts in attempts.chunks(ROWS) {
        attempt::Entity::insert_many(attempts.to_vec())
            .on_conflict(crate::keep_existing())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// The event that tells of a request. It has the request's id: there is one, however often the request is written.
fn event(record: &RequestRecord, node: &str) -> event::Model {
    let kind = match record.outcome {
        Outcome::Completed => EventKind::ModelRequestCompleted,
        Outcome::Failed | Outcome::Cancelled | Outcome::Interrupted => EventKind::ModelRequestFailed,
    };
    event::Model {
        id: record.id.to_string(),
        kind: kind.name().to_owned(),
        subject: record.id.to_string(),
        // Not the arrival: a long request would come before events that were placed long ago.
        time: record.finished.0,
        data: record::to_json(record),
        traceparent: None,
        source: node.to_owned(),
        position: None,
        project: record.attribution.project.as_deref().map(row::cut_indexed_text),
    }
}
