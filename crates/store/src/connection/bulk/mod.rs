//! Rows of the ledger in thousands, by statements whose text is made once.
//!
//! An ORM writes the text of such a statement anew for every batch, and the database reads it anew: that cost more than
//! the rows. Here SQLite gets statements of a few fixed sizes, which each connection prepares once, and PostgreSQL one
//! statement that takes an array for each column. Values go from a record to the driver, without a row of the ORM between.

mod postgres;
mod row;
mod sqlite;
mod statement;

pub(crate) use row::{BulkRow, RowValues};

use super::is_postgres;
use crate::StoreError;
use sea_orm::{DatabaseConnection, DbErr, EntityTrait, IdenStatic, Iterable, RuntimeErr};
use sqlx::{Postgres, SqlStr, Sqlite, SqlitePool, Transaction};
use statement::statement;
use std::sync::OnceLock;

/// How rows of one table are inserted; what is there already stays as it is.
#[derive(Debug)]
pub(crate) struct BulkInsert {
    into: String,
    /// Made with the first row, which shows what is rare.
    sqlite: OnceLock<sqlite::Statements>,
    postgres: SqlStr,
    /// The types of its columns, in order.
    types: Vec<&'static str>,
}

/// A transaction that writes many rows.
pub(crate) enum BulkTransaction {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl BulkInsert {
    /// For that table.
    pub(crate) fn new<E: EntityTrait>() -> Self {
        let quoted = E::Column::iter().map(|column| format!("\"{}\"", column.as_str())).collect::<Vec<_>>();
        let into = format!("INSERT INTO {} ({})", E::default().table_name(), quoted.join(", "));
        let types = E::Column::iter().map(postgres::array_type).collect::<Vec<_>>();
        let arrays = (1..).zip(&types).map(|(place, array)| format!("${place}::{array}[]")).collect::<Vec<_>>();
        let postgres = format!("{into} SELECT * FROM UNNEST({}) ON CONFLICT DO NOTHING", arrays.join(", "));
        Self { into, sqlite: OnceLock::new(), postgres: statement(postgres), types }
    }
}

impl BulkTransaction {
    /// Begins one. On SQLite it takes the lock at once, as [`begin`](super::begin) does.
    pub(crate) async fn begin(writer: &DatabaseConnection) -> Result<Self, StoreError> {
        let begun = if is_postgres(writer) {
            writer.get_postgres_connection_pool().begin().await.map(Self::Postgres)
        } else {
            begin_on_sqlite(writer.get_sqlite_connection_pool()).await.map(Self::Sqlite)
        };
        begun.map_err(failed)
    }

    /// Inserts rows; how many of them are new.
    pub(crate) async fn insert<R: BulkRow>(&mut self, into: &BulkInsert, rows: &[R]) -> Result<u64, StoreError> {
        let Some(first) = rows.first() else { return Ok(0) };
        let inserted = match self {
            Self::Sqlite(transaction) => {
                let statements = into.sqlite.get_or_init(|| sqlite::Statements::new(&into.into, first));
                statements.insert(transaction, rows).await
            }
            Self::Postgres(transaction) => postgres::insert(transaction, &into.postgres, &into.types, rows).await,
        };
        inserted.map_err(failed)
    }

    /// Those of the first column of a query that are among these texts, which it takes as its one parameter: an array
    /// on PostgreSQL, a JSON array on SQLite.
    pub(crate) async fn texts_among(
        &mut self,
        sqlite: &'static str,
        postgres: &'static str,
        texts: &[&str],
    ) -> Result<Vec<String>, StoreError> {
        let found = match self {
            Self::Sqlite(transaction) => {
                let texts = crate::json::names(texts.iter().copied());
                sqlx::query_scalar(sqlite).bind(texts).fetch_all(&mut **transaction).await
            }
            Self::Postgres(transaction) => sqlx::query_scalar(postgres).bind(texts).fetch_all(&mut **transaction).await,
        };
        found.map_err(failed)
    }

    /// Makes it true.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let committed = match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        };
        committed.map_err(failed)
    }
}

async fn begin_on_sqlite(pool: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    const BEGIN: &str = "BEGIN IMMEDIATE";
    match pool.begin_with(BEGIN).await {
        // On a full disk SQLite ends a transaction by itself, and the driver believes for ever that it is in one. Only a new
        // connection does not.
        Err(sqlx::Error::InvalidSavePointStatement) => {
            pool.acquire().await?.close().await?;
            pool.begin_with(BEGIN).await
        }
        begun => begun,
    }
}

fn failed(error: sqlx::Error) -> StoreError {
    DbErr::Exec(RuntimeErr::SqlxError(error.into())).into()
}
