//! SQLite: a file, or memory.

use super::fault::primary;
use super::{Connection, Pools};
use crate::error::StoreError;
use sea_orm::{ConnectOptions, Database, DbErr, RuntimeErr};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, error::DatabaseError};
use std::time::Duration;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Each connection to memory has a database of its own, so there is but one, and it is never closed.
pub(super) async fn memory() -> Result<Connection, StoreError> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(|sqlite| sqlite.foreign_keys(true));
    let writer = Database::connect(options).await?;
    Ok(Connection { reader: writer.clone(), writer })
}

/// SQLite has one writer at a time: with a pool of one for writing, waiting happens in order here, and not by retries
/// in the database.
pub(super) async fn file(options: SqliteConnectOptions, pools: &Pools) -> Result<Connection, StoreError> {
    let options = options
        .create_if_missing(true)
        // With a log (WAL), lists and totals are read while a batch is written.
        .journal_mode(SqliteJournalMode::Wal)
        // A power cut may undo the last commits: the journal keeps their records until `make_durable` has made them
        // last.
        .synchronous(SqliteSynchronous::Normal)
        // Within this process the pool orders writers; another process may hold the file's lock.
        .busy_timeout(BUSY_TIMEOUT)
        // Off unless asked for. Attempts and deliveries go with what they belong to by them.
        .foreign_keys(true);
    let path = options.get_filename();
    let cannot = |reason: String| StoreError::CannotOpen { path: path.display().to_string(), reason };
    // Asked here, because SQLite has one code for a folder and for missing rights.
    if path.is_dir() {
        return Err(cannot("it is a folder; use a file in it".into()));
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| cannot(format!("its folder `{}` can't be created: {error}", folder.display())))?;
    }
    let connect = async |connections| {
        let options = options.clone();
        let mut pool = ConnectOptions::new("sqlite:");
        pool.max_connections(connections).sqlx_logging(false);
        pool.map_sqlx_sqlite_opts(move |_| options.clone().disable_statement_logging());
        Database::connect(pool).await.map_err(|error| cannot(reason(&error)))
    };
    let writer = connect(1).await?;
    Ok(Connection { reader: connect(pools.readers.max(1)).await?, writer })
}

/// Why a file could not be opened, in words that help.
fn reason(error: &DbErr) -> String {
    let (DbErr::Conn(RuntimeErr::SqlxError(driver)) | DbErr::Query(RuntimeErr::SqlxError(driver))) = error else {
        return "the file can't be opened".into();
    };
    // READONLY, CANTOPEN, BUSY and LOCKED, NOTADB, CORRUPT.
    match code(driver) {
        Some(8) => "it is read-only; check the owner and the permissions of the file and its folder".into(),
        Some(14) => "the file or its folder can't be read or written; check the path, owner and permissions".into(),
        Some(5 | 6) => "another process has locked it".into(),
        Some(26) => "the file is not a SQLite database".into(),
        Some(11) => "the file is damaged; restore a backup".into(),
        Some(code) => format!("SQLite reports the error {code}"),
        None => "the file can't be opened".into(),
    }
}

fn code(error: &sqlx::Error) -> Option<u32> {
    primary(&error.as_database_error().and_then(DatabaseError::code)?)
}
