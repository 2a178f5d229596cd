//! Writes a batch of records, all or none.

use super::row::{self, RequestRow};
use crate::StoreError;
use crate::connection::{self, BulkInsert, BulkTransaction};
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
    // Nearly always all are new, so nobody asks first. PostgreSQL is asked, because it compares ids within a month only.
    let mut ask = connection::is_postgres(database.writer());
    loop {
        match try_write(database, records, ask).await? {
            Tried::Written => return Ok(()),
            Tried::NumbersTaken => {}
            Tried::SomeKnown => ask = true,
        }
    }
}

/// What became of a try; nothing is there where it is not written.
enum Tried {
    Written,
    /// Numbers of events are another node's, by chance: others have to be drawn.
    NumbersTaken,
    /// Some requests are there already, so they have to be left out.
    SomeKnown,
}

async fn try_write(database: &Database, records: &[RequestRecord], ask: bool) -> Result<Tried, StoreError> {
    let mut transaction = BulkTransaction::begin(database.writer()).await?;
    // One record may be in the batch twice, and then the database knows of neither.
    let mut seen = HashSet::with_capacity(records.len());
    for records in records.chunks(ROWS) {
        // What is there is left out as a whole. Ignoring conflicts alone would add attempts that the first version
        // did not have.
        let known = if ask { find_known(&mut transaction, records).await? } else { HashSet::new() };
        let new = records
            .iter()
            .filter(|record| !known.contains(record.id.as_str()) && seen.insert(record.id.as_str()))
            .collect::<Vec<_>>();
        let (events, numbers) = rows_for(&new, &database.node);
        if transaction.insert(&EVENTS, &events).await? < events.len() as u64 {
            return Ok(Tried::NumbersTaken);
        }
        // Requests before attempts, which refer to them on SQLite.
        let number = |record: &RequestRecord| numbers.get(record.id.as_str()).copied();
        let requests = new.iter().map(|record| RequestRow { record, event_number: number(record) }).collect::<Vec<_>>();
        if transaction.insert(&REQUESTS, &requests).await? < requests.len() as u64 && !ask {
            return Ok(Tried::SomeKnown);
        }
        let attempts = new.iter().flat_map(|record| row::attempts(record)).collect::<Vec<_>>();
        transaction.insert(&ATTEMPTS, &attempts).await?;
    }
    transaction.commit().await?;
    Ok(Tried::Written)
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
