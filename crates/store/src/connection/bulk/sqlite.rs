//! SQLite: statements of many rows, which each connection prepares once.
//!
//! Each value that is bound costs as much as reading a word of a record. Most rows have nothing in half of their columns,
//! so there is a statement for those, in which that stands already.

use super::row::{BulkRow, RowValues};
use super::statement::{statement, wrong_number};
use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, SqlStr, Sqlite, Transaction};
use std::sync::Arc;

/// Rows in one statement. A batch is cut into the largest of these that fit.
const SIZES: [usize; 3] = [64, 8, 1];

/// Statements that insert rows of one table.
#[derive(Debug)]
pub(super) struct Statements {
    /// Of rows that have something in a rare column.
    full: Sized,
    /// Of those that have not.
    plain: Sized,
}

/// The same statement for each number of rows.
#[derive(Debug)]
struct Sized {
    statements: [SqlStr; SIZES.len()],
    /// The values of each row that are bound.
    values: usize,
}

impl Statements {
    /// For rows like this one, behind `INSERT INTO table (columns)`.
    pub(super) fn new(into: &str, row: &impl BulkRow) -> Self {
        let mut shape = Shape::default();
        row.write(&mut shape);
        let plain = shape.columns.iter().map(|absent| absent.unwrap_or("?"));
        Self { full: Sized::new(into, shape.columns.iter().map(|_| "?")), plain: Sized::new(into, plain) }
    }

    /// Inserts rows; how many of them are new.
    pub(super) async fn insert<R: BulkRow>(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        rows: &[R],
    ) -> Result<u64, sqlx::Error> {
        let (plain, full) = rows.iter().partition::<Vec<&R>, _>(|row| is_plain(*row));
        Ok(self.plain.insert(transaction, &plain, true).await? + self.full.insert(transaction, &full, false).await?)
    }
}

impl Sized {
    fn new<'c>(into: &str, columns: impl Iterator<Item = &'c str>) -> Self {
        let columns = columns.collect::<Vec<_>>();
        let row = format!("({})", columns.join(", "));
        let statements = SIZES.map(|rows| {
            let values = vec![row.as_str(); rows].join(", ");
            statement(format!("{into} VALUES {values} ON CONFLICT DO NOTHING"))
        });
        Self { statements, values: columns.iter().filter(|column| **column == "?").count() }
    }

    async fn insert<R: BulkRow>(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        mut rows: &[&R],
        plain: bool,
    ) -> Result<u64, sqlx::Error> {
        let mut inserted = 0;
        for (size, statement) in SIZES.into_iter().zip(&self.statements) {
            while let Some((some, rest)) = rows.split_at_checked(size) {
                let mut values = SqliteValues { plain, ..SqliteValues::default() };
                values.arguments.reserve(size * self.values, 0);
                some.iter().for_each(|row| row.write(&mut values));
                let arguments = values.finish(size * self.values).map_err(sqlx::Error::Encode)?;
                let done = sqlx::query_with(statement.clone(), arguments).execute(&mut **transaction).await?;
                inserted += done.rows_affected();
                rows = rest;
            }
        }
        Ok(inserted)
    }
}

/// What stands in the columns of a row where there is nothing; `None`: something always is.
#[derive(Default)]
struct Shape {
    columns: Vec<Option<&'static str>>,
}

impl RowValues for Shape {
    fn text(&mut self, _: Option<&str>) {
        self.columns.push(None);
    }

    fn shared_text(&mut self, _: Option<Arc<str>>) {
        self.columns.push(None);
    }

    fn rare_text(&mut self, _: Option<&str>) {
        self.columns.push(Some("NULL"));
    }

    fn bigint(&mut self, _: Option<i64>) {
        self.columns.push(None);
    }

    fn rare_bigint(&mut self, _: i64) {
        self.columns.push(Some("0"));
    }

    fn integer(&mut self, _: Option<i32>) {
        self.columns.push(None);
    }

    fn flag(&mut self, _: bool) {
        self.columns.push(None);
    }
}

/// Whether there is nothing in the rare columns of a row.
fn is_plain(row: &impl BulkRow) -> bool {
    let mut plain = Plain(true);
    row.write(&mut plain);
    plain.0
}

struct Plain(bool);

impl RowValues for Plain {
    fn text(&mut self, _: Option<&str>) {}

    fn shared_text(&mut self, _: Option<Arc<str>>) {}

    fn rare_text(&mut self, text: Option<&str>) {
        self.0 &= text.is_none();
    }

    fn bigint(&mut self, _: Option<i64>) {}

    fn rare_bigint(&mut self, number: i64) {
        self.0 &= number == 0;
    }

    fn integer(&mut self, _: Option<i32>) {}

    fn flag(&mut self, _: bool) {}
}

/// The values of some rows, one behind the other.
#[derive(Default)]
struct SqliteValues {
    arguments: SqliteArguments,
    /// Whether the statement has what stands in rare columns.
    plain: bool,
    failure: Option<BoxDynError>,
}

impl SqliteValues {
    fn note(&mut self, added: Result<(), BoxDynError>) {
        if let Err(error) = added {
            self.failure.get_or_insert(error);
        }
    }

    /// The values, if there are that many.
    fn finish(self, expected: usize) -> Result<SqliteArguments, BoxDynError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        // SQLite would take the first value of a row for the last column of the one before.
        let values = self.arguments.len();
        if values == expected { Ok(self.arguments) } else { Err(wrong_number(values, expected)) }
    }
}

impl RowValues for SqliteValues {
    fn text(&mut self, text: Option<&str>) {
        let added = self.arguments.add(text);
        self.note(added);
    }

    fn shared_text(&mut self, text: Option<Arc<str>>) {
        let added = self.arguments.add(text);
        self.note(added);
    }

    fn rare_text(&mut self, text: Option<&str>) {
        if !self.plain {
            self.text(text);
        }
    }

    fn bigint(&mut self, number: Option<i64>) {
        let added = self.arguments.add(number);
        self.note(added);
    }

    fn rare_bigint(&mut self, number: i64) {
        if !self.plain {
            self.bigint(Some(number));
        }
    }

    fn integer(&mut self, number: Option<i32>) {
        let added = self.arguments.add(number);
        self.note(added);
    }

    fn flag(&mut self, flag: bool) {
        let added = self.arguments.add(flag);
        self.note(added);
    }
}
