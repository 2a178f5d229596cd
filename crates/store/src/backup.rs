//! Copies of a SQLite database while it is used, and the look at one before it is restored.

use crate::{Store, StoreError, connection, migration};
use std::path::Path;

/// Writes a copy of the database into a new file: everything that was committed when the copy began, with nothing in
/// part. Requests and changes go on meanwhile. Only for SQLite: servers have tools of their own.
///
/// # Errors
///
/// [`StoreError::Conflict`] on PostgreSQL; else if the file exists or can't be written.
pub async fn write_copy(store: &Store, file: &Path) -> Result<(), StoreError> {
    if connection::is_postgres(store.reader()) {
        return Err(StoreError::conflict("PostgreSQL is copied by its own tools, such as `pg_dump`"));
    }
    connection::write_snapshot(store.reader(), file).await
}

/// Checks such a copy for damage without changing it: the migrations that made its tables.
///
/// # Errors
///
/// [`StoreError::CannotOpen`] if it is no SQLite database, or a damaged one.
pub async fn check_copy(file: &Path) -> Result<Vec<String>, StoreError> {
    let database = connection::check_file(file).await?;
    let applied = migration::list_applied((&database).into()).await;
    // Before its outcome: the file is moved next.
    let closed = database.close().await;
    let applied = applied?;
    closed?;
    Ok(applied)
}

/// The first of these migrations that this program does not know, because a newer one made the copy.
pub fn find_unknown_migration(applied: &[String]) -> Option<&str> {
    migration::find_unknown(applied)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_copy_has_what_was_committed_and_nothing_lies_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", folder.path().join("live.db").display())).await.unwrap();
        store.migrate().await.unwrap();
        store.settings().set("colour", "blue").await.unwrap();
        let copies = tempfile::tempdir().unwrap();
        let copy = copies.path().join("copy.db");
        write_copy(&store, &copy).await.unwrap();
        store.settings().set("colour", "red").await.unwrap();
        let applied = check_copy(&copy).await.unwrap();
        assert!(!applied.is_empty() && find_unknown_migration(&applied).is_none());
        assert_eq!(std::fs::read_dir(copies.path()).unwrap().count(), 1, "a file was left beside the copy");
        // Never over a file that is there.
        assert!(write_copy(&store, &copy).await.is_err());
        let copied = Store::open(&format!("sqlite:{}", copy.display())).await.unwrap();
        assert_eq!(copied.settings().lookup("colour").await.unwrap().unwrap(), "blue");
        std::fs::write(copies.path().join("text"), "no database at all").unwrap();
        assert!(check_copy(&copies.path().join("text")).await.is_err());
    }
}
