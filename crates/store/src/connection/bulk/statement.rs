//! The text of statements, and what keeps one from being run.

use sqlx::error::BoxDynError;
use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};
use std::sync::Arc;

pub(super) fn wrong_number(values: usize, expected: usize) -> BoxDynError {
    format!("{values} values where {expected} are expected").into()
}

/// Text that is cheap to clone, which every execution does.
pub(super) fn statement(text: String) -> SqlStr {
    // Names of tables and columns, and nothing from outside.
    AssertSqlSafe(Arc::<str>::from(text)).into_sql_str()
}
