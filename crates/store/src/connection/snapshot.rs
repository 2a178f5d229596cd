//! A copy of a SQLite database that is in use.

use crate::error::StoreError;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqlxSqliteConnector, Statement};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use std::path::{Path, PathBuf};

/// Which database an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseKind {
    /// SQLite, in this file.
    SqliteFile(PathBuf),
    /// SQLite, in the memory of a process.
    SqliteMemory,
    /// A server of PostgreSQL.
    Postgres,
}

/// Which database that is. Opens nothing.
///
/// # Errors
///
/// [`StoreError::Address`] for an address of another kind.
pub fn database_kind(url: &str) -> Result<DatabaseKind, StoreError> {
    let unknown = || StoreError::Address { address: super::masked(url) };
    if super::postgres::address(url).is_some() {
        return Ok(DatabaseKind::Postgres);
    }
    match url.strip_prefix("sqlite:").ok_or_else(unknown)?.trim_start_matches("//") {
        "" => Err(unknown()),
        ":memory:" => Ok(DatabaseKind::SqliteMemory),
        _ => {
            let options: SqliteConnectOptions = url.parse().map_err(|_| unknown())?;
            Ok(DatabaseKind::SqliteFile(options.get_filename().to_owned()))
        }
    }
}

/// Writes a copy into a new file. `VACUUM INTO` reads in one transaction, so the copy is the database at one moment, with
/// what is only in its log (WAL). It keeps no writer waiting, and leaves out free pages.
pub(crate) async fn write_snapshot(reader: &DatabaseConnection, file: &Path) -> Result<(), StoreError> {
    let path = file.to_str().ok_or_else(|| StoreError::CannotOpen {
        path: file.display().to_string(),
        reason: "its path is not UTF-8; use another folder".into(),
    })?;
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, "VACUUM INTO $1", [path.into()]);
    reader.execute_raw(statement).await?;
    Ok(())
}

/// Opens a file that nobody else uses, only to read, and lets SQLite look for damage.
///
/// # Errors
///
/// [`StoreError::CannotOpen`] if it is not a whole SQLite database.
pub(crate) async fn check_file(file: &Path) -> Result<DatabaseConnection, StoreError> {
    let cannot = |reason: &str| StoreError::CannotOpen { path: file.display().to_string(), reason: reason.into() };
    // Immutable: no log and no lock are made beside the file, which is about to be packed or moved.
    let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options.disable_statement_logging());
    let database = SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
    // Without a test of the indexes' contents, which takes several times as long.
    let checked = read_text(&database, "PRAGMA quick_check(1)").await;
    match checked {
        Ok(result) if result == "ok" => Ok(database),
        outcome => {
            let _ = database.close().await;
            match outcome {
                Ok(_) => Err(cannot("SQLite finds damage in it")),
                Err(_) => Err(cannot("the file is not a SQLite database, or is damaged")),
            }
        }
    }
}

async fn read_text(database: &DatabaseConnection, query: &str) -> Result<String, DbErr> {
    let row = database.query_one_raw(Statement::from_string(DbBackend::Sqlite, query)).await?;
    row.ok_or_else(|| DbErr::RecordNotFound("the outcome of a check".into()))?.try_get_by_index(0)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_which_database() {
        let file = |path: &str| DatabaseKind::SqliteFile(path.into());
        for (url, kind) in [
            ("sqlite:data/baton.db", file("data/baton.db")),
            ("sqlite:///var/lib/baton.db?mode=rwc", file("/var/lib/baton.db")),
            ("sqlite::memory:", DatabaseKind::SqliteMemory),
            ("postgresql://baton@db/baton", DatabaseKind::Postgres),
            ("postgresql+asyncpg://baton@db/baton?ssl=require", DatabaseKind::Postgres),
        ] {
            assert_eq!(database_kind(url).unwrap(), kind, "{url}");
        }
        assert!(database_kind("mysql://db").is_err() && database_kind("sqlite:").is_err());
    }
}
