//! Which database it is: nothing outside of this folder has to know but `partitions.rs`.

mod bulk;
mod fault;
mod pools;
mod postgres;
mod snapshot;
mod sqlite;

pub(crate) use bulk::{BulkInsert, BulkRow, BulkTransaction, RowValues};
pub(crate) use fault::{DatabaseFault, classify_fault};
pub(crate) use pools::Connection;
pub use pools::Pools;
pub use snapshot::{DatabaseKind, database_kind};
pub(crate) use snapshot::{check_file, write_snapshot};

use crate::error::StoreError;
use baton_model::{Clock, SystemClock, Timestamp};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};

impl Connection {
    pub async fn open(url: &str, pools: &Pools) -> Result<Self, StoreError> {
        let unknown = || StoreError::Address { address: masked(url) };
        if let Some(options) = postgres::address(url) {
            return postgres::open(options.map_err(|_| unknown())?, pools).await;
        }
        match url.strip_prefix("sqlite:").ok_or_else(unknown)?.trim_start_matches("//") {
            ":memory:" => sqlite::memory().await,
            "" => Err(unknown()),
            _ => sqlite::file(url.parse().map_err(|_| unknown())?, pools).await,
        }
    }

    pub async fn close(&self) {
        for connection in [&self.reader, &self.writer] {
            if let Err(error) = connection.close_by_ref().await {
                tracing::warn!(error = %error, "failed to close the database");
            }
        }
    }
}

/// Begins a transaction that means to write: on SQLite it takes the lock at once, so that what it has read can't
/// change before it writes.
pub(crate) async fn begin(writer: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    writer.begin_with_options(options).await
}

/// Whether it is PostgreSQL.
pub(crate) fn is_postgres(database: &impl ConnectionTrait) -> bool {
    database.get_database_backend() == DbBackend::Postgres
}

/// The present moment by the one clock that all nodes share: the server's. SQLite has this machine's.
pub(crate) async fn now(database: &impl ConnectionTrait) -> Result<Timestamp, DbErr> {
    if !is_postgres(database) {
        return Ok(SystemClock.now());
    }
    // Not `now()`, which is the moment when the transaction began.
    let query = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now";
    let row = database.query_one_raw(Statement::from_string(DbBackend::Postgres, query)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the time".into()))?;
    Ok(Timestamp(row.try_get("", "now")?))
}

/// Keeps other processes from changing tables until the transaction ends. On SQLite [`begin`] has done that.
pub(crate) async fn lock_tables(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if is_postgres(transaction) {
        // "baton" as a number: locks of this kind are by agreement.
        transaction.execute_unprepared("SELECT pg_advisory_xact_lock(422037745518)").await?;
    }
    Ok(())
}

/// Makes what was committed outlive a power cut. Whether it does: on SQLite a reader of old rows can prevent it for a
/// while.
///
/// SQLite's commits are in its log (WAL) without being synchronized; a checkpoint synchronizes the log, moves it into the
/// database file, and synchronizes that. `PASSIVE`, because the other kinds keep writers and readers waiting. PostgreSQL
/// has synchronized each commit by itself.
pub(crate) async fn make_durable(writer: &impl ConnectionTrait) -> Result<bool, DbErr> {
    if is_postgres(writer) {
        return Ok(true);
    }
    let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(PASSIVE)");
    let row = writer.query_one_raw(statement).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the outcome of a checkpoint".into()))?;
    // Of a database in memory both are -1.
    let (busy, frames, moved): (i32, i32, i32) =
        (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    Ok(busy == 0 && frames == moved)
}

/// Makes a table one that rows are only added to, whoever writes.
pub(crate) async fn refuse_changes(database: &impl ConnectionTrait, table: &str) -> Result<(), DbErr> {
    let statements = if is_postgres(database) {
        format!(
            // For each statement, because a TRUNCATE has no rows that a trigger could be called for.
            "CREATE FUNCTION refuse_changes() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME; END $$; \
             CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION refuse_changes()"
        )
    } else {
        // A trigger of SQLite is for one event, and there is no TRUNCATE.
        let trigger = |event: &str| {
            format!(
                "CREATE TRIGGER {table}_refuses_{event} BEFORE {event} ON {table} \
                 BEGIN SELECT RAISE(ABORT, 'rows of {table} are only added'); END;"
            )
        };
        ["update", "delete"].map(trigger).concat()
    };
    database.execute_unprepared(&statements).await.map(drop)
}

/// Undoes [`refuse_changes`], for a migration that makes it anew.
pub(crate) async fn allow_changes(database: &impl ConnectionTrait, table: &str) -> Result<(), DbErr> {
    let statements = if is_postgres(database) {
        format!("DROP TRIGGER {table}_only_grows ON {table}; DROP FUNCTION refuse_changes()")
    } else {
        ["update", "delete"].map(|event| format!("DROP TRIGGER {table}_refuses_{event};")).concat()
    };
    database.execute_unprepared(&statements).await.map(drop)
}

/// An address of a database without its password, to be shown.
pub fn masked(url: &str) -> String {
    let (url, query) = url.split_once('?').map_or((url, None), |(url, query)| (url, Some(query)));
    let mut shown = without_password(url);
    for (place, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
        shown.push(if place == 0 { '?' } else { '&' });
        // PostgreSQL's addresses may have the password here as well.
        shown.push_str(if pair.starts_with("password=") { "password=…" } else { pair });
    }
    shown
}

/// The address without what stands between `:` and `@`.
fn without_password(url: &str) -> String {
    // The last one: a password may contain an `@`.
    let Some((before, after)) = url.rsplit_once('@') else { return url.to_owned() };
    let user = before.find("://").map_or(0, |place| place + 3);
    match before.get(user..).and_then(|credentials| credentials.find(':')) {
        Some(colon) => format!("{}:…@{after}", before.get(..user + colon).unwrap_or_default()),
        None => url.to_owned(),
    }
}
