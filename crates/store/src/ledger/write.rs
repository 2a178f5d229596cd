//! Writes a batch of records, all or none.

use super::row;
use crate::StoreError;
use crate::connection::{BulkInsert, BulkTransaction};
use crate::database::Database;
use crate::entity::{attempt, event, request};
use crate::events::requests::rows_for;
use baton_model::record::RequestRecord;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Rows in one statement of PostgreSQL, and ids in one question. Many, because the driver leaves Nagle's algorithm on: a
/// statement longer than a packet may wait 40 ms for an acknowledgement, however long it is.
const ROWS: usize = 2_000;

static REQUESTS: LazyLock<BulkInsert> = LazyLock::new(BulkInsert::new::<request::Entity>);
static ATTEMPTS: LazyLock<BulkInsert> = LazyLock::new(BulkInsert::new::<attempt::Entity>);
static EVENTS: LazyLock<BulkInsert> = LazyLock::new(BulkInsert::new::<event::Entity>);

pub(super) async fn write(database: &Database, records: &[RequestRecord]) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    // Once, but for two nodes that have drawn the same number by chance.
    while !try_write(database, records).await? {}
    Ok(())
}

/// Whether it is written; if not, numbers of events are another's, and others have to be drawn.
async fn try_write(database: &Database, records: &[RequestRecord]) -> Result<bool, StoreError> {
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
        let (events, numbers) = rows_for(&new, &database.node);
        let rows = events.len() as u64;
        if transaction.insert::<event::Entity>(&EVENTS, events).await? < rows {
            return Ok(false);
        }
        // Requests before attempts, which refer to them on SQLite.
        let number = |record: &RequestRecord| numbers.get(record.id.as_str()).copied();
        let requests = new.iter().map(|record| row::request(record, number(record))).collect();
        transaction.insert::<request::Entity>(&REQUESTS, requests).await?;
        let attempts = new.iter().flat_map(|record| row::attempts(record)).collect();
        transaction.insert::<attempt::Entity>(&ATTEMPTS, attempts).await?;
    }
    transaction.commit().await?;
    Ok(true)
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
