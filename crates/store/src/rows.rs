//! What repositories share: ids, insertions that keep what is there, pages.

use crate::error::StoreError;
use crate::json;
use baton_model::bounds;
use sea_orm::sea_query::{Expr, ExprTrait, Func, IntoColumnRef, OnConflict, SimpleExpr};

/// A new id: ids of one process sort by time.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// For insertions: what is there already stays. A violated key would end the whole transaction on PostgreSQL.
pub(crate) fn keep_existing() -> OnConflict {
    OnConflict::new().do_nothing().to_owned()
}

/// What came of an insertion with [`keep_existing`]: `taken` says what was there already.
pub(crate) fn inserted(rows: u64, taken: impl FnOnce() -> String) -> Result<(), StoreError> {
    if rows > 0 { Ok(()) } else { Err(StoreError::conflict(taken())) }
}

/// The rows that can be read; the others are logged.
pub(crate) fn readable<T>(rows: impl Iterator<Item = Result<T, StoreError>>) -> Vec<T> {
    let logged = rows.inspect(|row| {
        if let Err(error) = row {
            tracing::error!(%error, "a row was left out");
        }
    });
    logged.filter_map(Result::ok).collect()
}

/// How many bytes these columns of text have in a row together.
pub(crate) fn weight<C: IntoColumnRef>(columns: impl IntoIterator<Item = C>) -> SimpleExpr {
    // Both databases have it; the length that SQL knows counts characters, and may read all of them.
    let octets = |column: C| Func::cust("octet_length").arg(Expr::col(column));
    let length = |column| Func::coalesce([octets(column).into(), Expr::value(0)]);
    // Cast, because PostgreSQL counts in numbers of 32 bits.
    let lengths = columns.into_iter().map(|column| SimpleExpr::from(length(column)).cast_as("bigint"));
    lengths.reduce(ExprTrait::add).unwrap_or_else(|| Expr::value(0_i64))
}

/// The first of these that weigh no more than fits a [page](baton_model::bounds::PAGE) together; one at least, however much it weighs.
pub(crate) fn take_fitting<T>(rows: &[T], weight: impl Fn(&T) -> i64) -> &[T] {
    let most = json::integer(bounds::PAGE as u64);
    let sums = rows.iter().scan(0_i64, |sum, row| {
        *sum = sum.saturating_add(weight(row));
        Some(*sum)
    });
    let fit = sums.take_while(|sum| *sum <= most).count();
    rows.get(..fit.max(1)).unwrap_or(rows)
}

/// A page of rows, of which one more than fits was asked for, and the cursor of the next.
pub(crate) fn page<T>(mut rows: Vec<T>, limit: u64, cursor: impl FnOnce(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    (rows, next)
}

#[cfg(test)]
mod tests {
    use super::take_fitting;

    #[test]
    fn a_page_ends_before_it_is_too_large() {
        const MIB: i64 = 1 << 20;
        let fit = |weights: &[i64]| take_fitting(weights, |weight| *weight).len();
        assert_eq!(fit(&[]), 0);
        assert_eq!(fit(&[1, 2, 3]), 3);
        assert_eq!(fit(&[4 * MIB, 4 * MIB, 1]), 2);
        assert_eq!(fit(&[70 * MIB, 1]), 1, "the first is never left out: nothing would come after it");
        assert_eq!(fit(&[i64::MAX, i64::MAX]), 1);
    }
}
