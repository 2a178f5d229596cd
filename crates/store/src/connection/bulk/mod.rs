//! Rows of the ledger in thousands, by statements whose text is made once.
//!
//! An ORM writes the text of such a statement anew for every batch, and the database reads it anew: that cost more than
//! the rows. Here SQLite gets statements of a few fixed sizes, which each connection prepares once, and PostgreSQL one
//! statement that takes an array for each column.

use super::is_postgres;
use crate::StoreError;
use sea_orm::sea_query::{ColumnType, Value};
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DatabaseConnection, DbErr, EntityTrait, IdenStatic, IntoActiveModel,
    Iterable, RuntimeErr,
};
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, Postgres, SqlSafeStr as _, SqlStr, Sqlite, SqlitePool, Transaction};
use std::sync::Arc;

/// Rows in one statement on SQLite. A batch is cut into the largest of these that fit.
const SIZES: [usize; 3] = [64, 8, 1];

/// How rows of one table are inserted; what is there already stays as it is.
#[derive(Debug)]
pub(crate) struct BulkInsert {
    sqlite: [SqlStr; SIZES.len()],
    postgres: SqlStr,
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
        let row = format!("({})", vec!["?"; quoted.len()].join(", "));
        let sqlite = SIZES.map(|rows| {
            let values = vec![row.as_str(); rows].join(", ");
            prepared(format!("{into} VALUES {values} ON CONFLICT DO NOTHING"))
        });
        let arrays = (1..).zip(E::Column::iter());
        let arrays = arrays.map(|(place, column)| format!("${place}::{}[]", array_type(column))).collect::<Vec<_>>();
        let postgres = format!("{into} SELECT * FROM UNNEST({}) ON CONFLICT DO NOTHING", arrays.join(", "));
        Self { sqlite, postgres: prepared(postgres) }
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
    pub(crate) async fn insert<E>(&mut self, into: &BulkInsert, rows: Vec<E::Model>) -> Result<u64, StoreError>
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: ActiveModelTrait<Entity = E>,
    {
        if rows.is_empty() {
            return Ok(0);
        }
        let inserted = match self {
            Self::Sqlite(transaction) => insert_into_sqlite::<E>(transaction, into, rows).await,
            Self::Postgres(transaction) => insert_into_postgres::<E>(transaction, into, rows).await,
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

async fn insert_into_sqlite<E>(
    transaction: &mut Transaction<'static, Sqlite>,
    into: &BulkInsert,
    rows: Vec<E::Model>,
) -> Result<u64, sqlx::Error>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let (mut left, mut inserted) = (rows.len(), 0);
    let mut rows = rows.into_iter();
    for (size, statement) in SIZES.into_iter().zip(&into.sqlite) {
        while left >= size {
            let mut arguments = SqliteArguments::default();
            for row in rows.by_ref().take(size) {
                for value in values::<E>(row) {
                    add_to_sqlite(&mut arguments, value).map_err(sqlx::Error::Encode)?;
                }
            }
            let done = sqlx::query_with(statement.clone(), arguments).execute(&mut **transaction).await?;
            inserted += done.rows_affected();
            left -= size;
        }
    }
    Ok(inserted)
}

fn add_to_sqlite(arguments: &mut SqliteArguments, value: Value) -> Result<(), BoxDynError> {
    use sqlx::Arguments as _;
    match value {
        Value::String(text) => arguments.add(text),
        Value::BigInt(number) => arguments.add(number),
        Value::Int(number) => arguments.add(number),
        Value::Bool(flag) => arguments.add(flag),
        other => Err(unsupported(&other)),
    }
}

async fn insert_into_postgres<E>(
    transaction: &mut Transaction<'static, Postgres>,
    into: &BulkInsert,
    rows: Vec<E::Model>,
) -> Result<u64, sqlx::Error>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let mut columns: Vec<Array> = E::Column::iter().map(|column| Array::new(column, rows.len())).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(values::<E>(row)) {
            column.push(value).map_err(sqlx::Error::Encode)?;
        }
    }
    let mut arguments = PgArguments::default();
    for column in columns {
        column.add_to(&mut arguments).map_err(sqlx::Error::Encode)?;
    }
    let done = sqlx::query_with(into.postgres.clone(), arguments).execute(&mut **transaction).await?;
    Ok(done.rows_affected())
}

/// One column of many rows.
enum Array {
    Text(Vec<Option<String>>),
    BigInt(Vec<Option<i64>>),
    Int(Vec<Option<i32>>),
    Bool(Vec<Option<bool>>),
}

impl Array {
    fn new(column: impl ColumnTrait, rows: usize) -> Self {
        match array_type(column) {
            "bigint" => Self::BigInt(Vec::with_capacity(rows)),
            "integer" => Self::Int(Vec::with_capacity(rows)),
            "boolean" => Self::Bool(Vec::with_capacity(rows)),
            _ => Self::Text(Vec::with_capacity(rows)),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), BoxDynError> {
        match (self, value) {
            (Self::Text(array), Value::String(text)) => array.push(text),
            (Self::BigInt(array), Value::BigInt(number)) => array.push(number),
            (Self::Int(array), Value::Int(number)) => array.push(number),
            (Self::Bool(array), Value::Bool(flag)) => array.push(flag),
            (_, other) => return Err(unsupported(&other)),
        }
        Ok(())
    }

    fn add_to(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Text(array) => arguments.add(array),
            Self::BigInt(array) => arguments.add(array),
            Self::Int(array) => arguments.add(array),
            Self::Bool(array) => arguments.add(array),
        }
    }
}

/// The type of an array's members in PostgreSQL's words.
fn array_type(column: impl ColumnTrait) -> &'static str {
    match column.def().get_column_type() {
        ColumnType::BigInteger => "bigint",
        ColumnType::Integer => "integer",
        ColumnType::Boolean => "boolean",
        _ => "text",
    }
}

/// A row's values in the order of its columns.
fn values<E>(row: E::Model) -> impl Iterator<Item = Value>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: ActiveModelTrait<Entity = E>,
{
    let mut row = row.into_active_model();
    E::Column::iter().filter_map(move |column| match row.take(column) {
        ActiveValue::Set(value) | ActiveValue::Unchanged(value) => Some(value),
        ActiveValue::NotSet => None,
    })
}

fn unsupported(value: &Value) -> BoxDynError {
    format!("rows are not written in bulk with a value like {value:?}").into()
}

fn failed(error: sqlx::Error) -> StoreError {
    DbErr::Exec(RuntimeErr::SqlxError(error.into())).into()
}

/// Text that is cheap to clone, which every execution does.
fn prepared(text: String) -> SqlStr {
    // Names of tables and columns, and nothing from outside.
    AssertSqlSafe(Arc::<str>::from(text)).into_sql_str()
}
