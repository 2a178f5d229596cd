//! What repositories share: ids, insertions that keep what is there, pages.

use crate::error::StoreError;
use sea_orm::sea_query::OnConflict;

/// A new id: ids of one process sort by time.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// For insertions: what is there already stays. A violated key would end the whole transaction on PostgreSQL.
pub(crate) fn keep() -> OnConflict {
    OnConflict::new().do_nothing().to_owned()
}

/// What came of an insertion with [`keep`]: `taken` says what was there already.
pub(crate) fn inserted(rows: u64, taken: impl FnOnce() -> String) -> Result<(), StoreError> {
    if rows > 0 { Ok(()) } else { Err(StoreError::conflict(taken())) }
}

/// The rows that can be read; the others are logged.
pub(crate) fn readable<T>(rows: impl Iterator<Item = Result<T, StoreError>>) -> Vec<T> {
    let logged = rows.inspect(|row| {
        if let Err(error) = row {
            tracing::error!(%error, "a row was left out");
        }
    });
    logged.filter_map(Result::ok).collect()
}

/// A page of rows, of which one more than fits was asked for, and the cursor of the next.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: u64, cursor: impl FnOnce(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    (rows, next)
}
