//! The one file that knows which database it is.

use crate::error::StoreError;
use baton_model::{Clock, SystemClock, Timestamp};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, ConnectOptions as _, error::DatabaseError};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use std::time::Duration;

/// Connections for reading beside the one that writes.
const READERS: u32 = 4;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The open connections. SQLite has one writer at a time: with a pool of one for writing, waiting happens in order
/// here, and not by retries in the database.
#[derive(Debug)]
pub(crate) struct Connection {
    pub reader: DatabaseConnection,
    pub writer: DatabaseConnection,
}

/// What kept a statement from running, where the database says so by a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    ReadOnly,
    Busy,
    Full,
}

impl Connection {
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let unknown = || StoreError::Address { address: without_password(url) };
        match url.strip_prefix("sqlite:").ok_or_else(unknown)?.trim_start_matches("//") {
            ":memory:" => Self::memory().await,
            "" => Err(unknown()),
            _ => Self::file(url.parse().map_err(|_| unknown())?).await,
        }
    }

    /// Each connection to memory has a database of its own, so there is but one, and it is never closed.
    async fn memory() -> Result<Self, StoreError> {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None).sqlx_logging(false);
        options.map_sqlx_sqlite_opts(|sqlite| sqlite.foreign_keys(true));
        let writer = Database::connect(options).await?;
        Ok(Self { reader: writer.clone(), writer })
    }

    async fn file(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true);
        let path = options.get_filename();
        let cannot = |reason: String| StoreError::CannotOpen { path: path.display().to_string(), reason };
        if path.is_dir() {
            return Err(cannot("it is a folder; name a file in it".into()));
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            tokio::fs::create_dir_all(folder)
                .await
                .map_err(|error| cannot(format!("its folder `{}` cannot be made: {error}", folder.display())))?;
        }
        let connect = async |connections| {
            let options = options.clone();
            let mut pool = ConnectOptions::new("sqlite:");
            pool.max_connections(connections).sqlx_logging(false);
            pool.map_sqlx_sqlite_opts(move |_| options.clone().disable_statement_logging());
            Database::connect(pool).await.map_err(|error| cannot(reason(&error)))
        };
        let writer = connect(1).await?;
        Ok(Self { reader: connect(READERS).await?, writer })
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

/// Makes a table one that rows are only added to, whoever writes.
pub(crate) async fn refuse_changes(database: &impl ConnectionTrait, table: &str) -> Result<(), DbErr> {
    let statements = if is_postgres(database) {
        format!(
            "CREATE FUNCTION refuse_changes() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'rows of % are only added', TG_TABLE_NAME; END $$; \
             CREATE TRIGGER {table}_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION refuse_changes()"
        )
    } else {
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

/// Why a file could not be opened, in words that help.
fn reason(error: &DbErr) -> String {
    let (DbErr::Conn(RuntimeErr::SqlxError(driver)) | DbErr::Query(RuntimeErr::SqlxError(driver))) = error else {
        return error.to_string();
    };
    match code(driver) {
        Some(8) => "it is read-only; check the owner and the permissions of the file and its folder".into(),
        Some(14) => "the file or its folder may not be read or written; check its path, owner and permissions".into(),
        Some(5 | 6) => "another process has locked it".into(),
        Some(26) => "the file is not a SQLite database".into(),
        Some(11) => "the file is damaged; restore a backup".into(),
        _ => driver.to_string(),
    }
}

/// What kept a statement from running, by SQLite's result code ("Result and Error Codes").
pub(crate) fn trouble(error: Option<&sqlx::Error>) -> Option<Trouble> {
    match code(error?) {
        Some(8) => Some(Trouble::ReadOnly),
        Some(5 | 6) => Some(Trouble::Busy),
        Some(13) => Some(Trouble::Full),
        _ => None,
    }
}

/// The primary result code: the lowest byte of the extended one.
fn code(error: &sqlx::Error) -> Option<u32> {
    let extended: u32 = error.as_database_error().and_then(DatabaseError::code)?.parse().ok()?;
    Some(extended & 0xff)
}

/// The address without what stands between `:` and `@`.
fn without_password(url: &str) -> String {
    let Some((before, after)) = url.rsplit_once('@') else { return url.to_owned() };
    let user = before.find("://").map_or(0, |place| place + 3);
    match before.get(user..).and_then(|credentials| credentials.find(':')) {
        Some(colon) => format!("{}:…@{after}", before.get(..user + colon).unwrap_or_default()),
        None => url.to_owned(),
    }
}
