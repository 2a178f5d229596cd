//! PostgreSQL: one statement, which takes an array for each column.

use super::row::{BulkRow, RowValues};
use super::statement::wrong_number;
use sea_orm::ColumnTrait;
use sea_orm::sea_query::ColumnType;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, Postgres, SqlStr, Transaction};
use std::sync::Arc;

/// Inserts rows whose columns have these types; how many of them are new.
pub(super) async fn insert<R: BulkRow>(
    transaction: &mut Transaction<'static, Postgres>,
    statement: &SqlStr,
    types: &[&'static str],
    rows: &[R],
) -> Result<u64, sqlx::Error> {
    let columns = types.iter().map(|column| Array::new(column, rows.len())).collect();
    let mut values = PostgresValues { columns, next: 0, failure: None };
    for row in rows {
        values.next = 0;
        row.write(&mut values);
        if values.next != types.len() {
            return Err(sqlx::Error::Encode(wrong_number(values.next, types.len())));
        }
    }
    if let Some(error) = values.failure {
        return Err(sqlx::Error::Encode(error));
    }
    let mut arguments = PgArguments::default();
    for column in values.columns {
        column.add_to(&mut arguments).map_err(sqlx::Error::Encode)?;
    }
    let done = sqlx::query_with(statement.clone(), arguments).execute(&mut **transaction).await?;
    Ok(done.rows_affected())
}

/// The values of some rows, an array for each column.
struct PostgresValues {
    columns: Vec<Array>,
    /// The column of the next value.
    next: usize,
    failure: Option<BoxDynError>,
}

impl PostgresValues {
    /// Adds a value to the next column, if it is of its type.
    fn push<T>(&mut self, of_type: impl FnOnce(&mut Array) -> Option<&mut Vec<Option<T>>>, value: Option<T>) {
        if let Some(array) = self.columns.get_mut(self.next).and_then(of_type) {
            array.push(value);
        } else {
            let column = self.next;
            self.failure.get_or_insert_with(|| format!("column {column} has values of another type").into());
        }
        self.next += 1;
    }
}

impl RowValues for PostgresValues {
    fn text(&mut self, text: Option<&str>) {
        self.push(Array::texts, text.map(str::to_owned));
    }

    fn shared_text(&mut self, text: Option<Arc<str>>) {
        self.text(text.as_deref());
    }

    fn rare_text(&mut self, text: Option<&str>) {
        self.text(text);
    }

    fn rare_bigint(&mut self, number: i64) {
        self.bigint(Some(number));
    }

    fn bigint(&mut self, number: Option<i64>) {
        self.push(Array::bigints, number);
    }

    fn integer(&mut self, number: Option<i32>) {
        self.push(Array::integers, number);
    }

    fn flag(&mut self, flag: bool) {
        self.push(Array::flags, Some(flag));
    }
}

/// One column of many rows.
enum Array {
    Text(Vec<Option<String>>),
    BigInt(Vec<Option<i64>>),
    Int(Vec<Option<i32>>),
    Bool(Vec<Option<bool>>),
}

impl Array {
    fn new(column: &str, rows: usize) -> Self {
        match column {
            "bigint" => Self::BigInt(Vec::with_capacity(rows)),
            "integer" => Self::Int(Vec::with_capacity(rows)),
            "boolean" => Self::Bool(Vec::with_capacity(rows)),
            _ => Self::Text(Vec::with_capacity(rows)),
        }
    }

    fn texts(&mut self) -> Option<&mut Vec<Option<String>>> {
        if let Self::Text(array) = self { Some(array) } else { None }
    }

    fn bigints(&mut self) -> Option<&mut Vec<Option<i64>>> {
        if let Self::BigInt(array) = self { Some(array) } else { None }
    }

    fn integers(&mut self) -> Option<&mut Vec<Option<i32>>> {
        if let Self::Int(array) = self { Some(array) } else { None }
    }

    fn flags(&mut self) -> Option<&mut Vec<Option<bool>>> {
        if let Self::Bool(array) = self { Some(array) } else { None }
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
pub(super) fn array_type(column: impl ColumnTrait) -> &'static str {
    match column.def().get_column_type() {
        ColumnType::BigInteger => "bigint",
        ColumnType::Integer => "integer",
        ColumnType::Boolean => "boolean",
        _ => "text",
    }
}
