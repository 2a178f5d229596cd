//! Writes a batch of records, all or none.

use super::row;
use crate::connection::{BulkInsert, BulkTransaction};
use crate::database::Database;
use crate::entity::{attempt, event, request};
use crate::{StoreError, record};
use baton_model::EventKind;
use baton_model::record::{Outcome, RequestRecord};
use std::collections::HashSet;
use std::sync::LazyLock;

/// Rows in one statement of PostgreSQL, and ids in one question.
const ROWS: usize = 500;

static REQUESTS: LazyLock<BulkInsert> = LazyLock::new(BulkInsert::new::<request::Entity>);
static ATTEMPTS: LazyLock<BulkInsert> = LazyLock::new(BulkInsert::new::<attempt::Entity>);
static EVENTS: LazyLock<BulkInsert> = LazyLock::new(BulkInsert::new::<event::Entity>);

pub(super) async fn write(database: &Database, records: &[RequestRecord]) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    let mut transaction = BulkTransaction::begin(database.writer()).await?;
    // One record may be in the batch twice, and then the database knows of neither.
    let mut seen = HashSet::new();
    for records in records.chunks(ROWS) {
        // What is there is left out as a whole. Ignoring conflicts alone would add attempts that the first version
        // did not have.
        let known = find_known(&mut transaction, records).await?;
        let new = records
            .iter()
            .filter(|record| !known.contains(record.id.as_str()) && seen.insert(record.id.as_str()))
            .collect::<Vec<_>>();
        // Requests first: on SQLite attempts refer to them.
        let requests = new.iter().map(|record| row::request(record)).collect();
        transaction.insert::<request::Entity>(&REQUESTS, requests).await?;
        let attempts = new.iter().flat_map(|record| row::attempts(record)).collect();
        transaction.insert::<attempt::Entity>(&ATTEMPTS, attempts).await?;
        let events = new.iter().map(|record| event(record, &database.node)).collect();
        transaction.insert::<event::Entity>(&EVENTS, events).await?;
    }
    transaction.commit().await
}

/// The ids among these that are there already.
async fn find_known(
    transaction: &mut BulkTransaction,
    records: &[RequestRecord],
) -> Result<HashSet<String>, StoreError> {
    let ids = records.iter().map(|record| record.id.as_str()).collect::<Vec<_>>();
    let known = transaction.texts_among(
        "SELECT id FROM requests WHERE id IN (SELECT value FROM json_each(?))",
        "SELECT id FROM requests WHERE id = ANY($1)",
        &ids,
    );
    Ok(known.await?.into_iter().collect())
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
