//! The SQL of totals, in the words that SQLite and PostgreSQL share.

use super::charge::{FACTOR_PARTS, LARGE_COST};
use super::row;
use super::totals::{GroupBy, Latency, Spent};
use crate::StoreError;
use crate::entity::{attempt, correction, request};
use baton_model::bounds::TOTALS;
use baton_model::record::{CacheUse, Outcome};
use baton_model::{KeyId, ModelId, Nanos, Timestamp, UsageClass};
use chrono::DateTime;
use sea_orm::sea_query::{
    Alias, Expr, ExprTrait, Func, Order, OverStatement, Query, SelectStatement, SimpleExpr, WindowStatement,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Iden, QueryResult};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// Sums are taken in two halves, each far from the largest integer: one absurd number of a provider must not make
/// every total fail by overflow.
const HALF: i64 = 1 << 31;

/// A row's group: a value for each grouping asked for.
type Group = Vec<Option<String>>;

/// Which requests, and what makes a row.
pub(super) struct Selection<'s> {
    pub from: Timestamp,
    pub to: Timestamp,
    pub project: Option<&'s str>,
    pub key: Option<&'s KeyId>,
    pub user: Option<&'s str>,
    pub model: Option<&'s ModelId>,
    pub group_by: &'s [GroupBy],
}

/// How many requests.
pub(super) struct Counts {
    pub requests: u64,
    pub errors: u64,
    pub cache_hits: u64,
}

/// What attempts consumed.
pub(super) struct Sums {
    pub tokens: Vec<(UsageClass, u64)>,
    pub spent: Spent,
    pub estimated: u64,
}

/// Whose model and provider a group means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Requests,
    Attempts,
}

/// Requests, errors and cache hits, by the model that replied.
pub(super) async fn requests(
    reader: &DatabaseConnection,
    selection: &Selection<'_>,
) -> Result<Vec<(Group, Counts)>, StoreError> {
    let mut select = Query::select();
    select.from(request::Entity);
    narrow(&mut select, selection, Of::Requests);
    group(&mut select, selection, Of::Requests);
    let is = |column: request::Column, word: &str| case(request_column(column).eq(word), Expr::value(1), 0);
    select.expr_as(Func::count(request_column(request::Column::Id)), Alias::new("requests"));
    select.expr_as(sum(is(request::Column::Outcome, Outcome::Failed.name())), Alias::new("errors"));
    select.expr_as(sum(is(request::Column::Cache, CacheUse::Hit.name())), Alias::new("cache_hits"));
    let rows = all(reader, select).await?;
    rows.iter()
        .map(|row| {
            let counts = Counts {
                requests: number(row, "requests")?,
                errors: number(row, "errors")?,
                cache_hits: number(row, "cache_hits")?,
            };
            Ok((read_group(row, selection)?, counts))
        })
        .collect()
}

/// What attempts consumed and cost, by the model of each attempt.
pub(super) async fn attempts(
    reader: &DatabaseConnection,
    selection: &Selection<'_>,
) -> Result<Vec<(Group, Sums)>, StoreError> {
    let mut select = Query::select();
    // Joined, because key, project and user are columns of the request alone.
    select.from(attempt::Entity).inner_join(
        request::Entity,
        request_column(request::Column::Id).equals((attempt::Entity, attempt::Column::RequestId)),
    );
    // Said of both tables: a ledger in parts then leaves other months alone.
    select.and_where(attempt_column(attempt::Column::Arrived).gte(selection.from.0));
    select.and_where(attempt_column(attempt::Column::Arrived).lt(selection.to.0));
    select.and_where(attempt_column(attempt::Column::Arrived).equals((request::Entity, request::Column::Arrived)));
    narrow(&mut select, selection, Of::Attempts);
    group(&mut select, selection, Of::Attempts);
    for class in UsageClass::ALL {
        halves(&mut select, row::column(class), class.name());
    }
    join_last_correction(&mut select);
    sum_halves(&mut select, &cost(), "cost");
    sum_halves(&mut select, &charge(), "charge");
    // A request with several such attempts counts once.
    let distinct = |condition: SimpleExpr| {
        let request = Expr::case(condition, attempt_column(attempt::Column::RequestId));
        SimpleExpr::from(Func::count_distinct(request))
    };
    select.expr_as(distinct(cost().is_null()), Alias::new("unpriced"));
    select.expr_as(distinct(attempt_column(attempt::Column::Estimated).eq(true)), Alias::new("estimated"));
    let rows = all(reader, select).await?;
    rows.iter()
        .map(|row| {
            let mut tokens = Vec::new();
            for class in UsageClass::ALL {
                let amount = read_halves(row, class.name())?;
                tokens.extend((amount > 0).then_some((class, amount)));
            }
            let amount = |name| -> Result<Nanos, StoreError> {
                Ok(Nanos(i64::try_from(read_halves(row, name)?).unwrap_or(i64::MAX)))
            };
            let spent = Spent { cost: amount("cost")?, charge: amount("charge")?, unpriced: number(row, "unpriced")? };
            let sums = Sums { tokens, spent, estimated: number(row, "estimated")? };
            Ok((read_group(row, selection)?, sums))
        })
        .collect()
}

/// Percentiles of completed requests, by the nearest rank: a window numbers the requests of each group by latency.
pub(super) async fn latencies(
    reader: &DatabaseConnection,
    selection: &Selection<'_>,
) -> Result<Vec<(Group, Latency)>, StoreError> {
    let mut ranked = Query::select();
    ranked.from(request::Entity);
    narrow(&mut ranked, selection, Of::Requests);
    ranked.and_where(request_column(request::Column::Outcome).eq(Outcome::Completed.name()));
    // Nobody waited for them, and nobody knows how long they took.
    ranked.and_where(request_column(request::Column::Api).ne("batch"));
    let mut window = WindowStatement::new();
    for (place, by) in selection.group_by.iter().enumerate() {
        ranked.expr_as(expression(*by, Of::Requests), group_name(place));
        // The expression again: a name that the same SELECT gives is not known in its windows.
        window.add_partition_by(expression(*by, Of::Requests));
    }
    let mut ordered = window.clone();
    ordered.order_by((request::Entity, request::Column::Latency), Order::Asc);
    ranked.expr_as(request_column(request::Column::Latency), Alias::new("latency"));
    ranked.expr_window_as(Expr::cust("ROW_NUMBER()"), ordered, Alias::new("place"));
    ranked.expr_window_as(Expr::cust("COUNT(*)"), window, Alias::new("total"));
    let mut select = Query::select();
    for place in 0..selection.group_by.len() {
        select.column(group_name(place)).add_group_by([Expr::col(group_name(place))]);
    }
    for percent in [50, 95, 99] {
        // Rounded up in whole numbers, which both databases divide alike.
        let rank = Expr::col(Alias::new("total")).mul(percent).add(99).div(100);
        let at = case(Expr::col(Alias::new("place")).eq(rank), Expr::col(Alias::new("latency")), 0);
        // One row of a group has that rank, and all others count as 0.
        select.expr_as(Func::max(at), Alias::new(format!("p{percent}")));
    }
    select.from_subquery(ranked, Alias::new("ranked"));
    let rows = all(reader, select).await?;
    rows.iter()
        // Without groups there is a row even for no requests, of NULLs.
        .filter(|row| !matches!(row.try_get::<Option<i64>>("", "p50"), Ok(None)))
        .map(|row| {
            let latency = Latency { p50: number(row, "p50")?, p95: number(row, "p95")?, p99: number(row, "p99")? };
            Ok((read_group(row, selection)?, latency))
        })
        .collect()
}

/// The rows, unless there are more than can be held at once: who asks chooses the groups, and clients the names of users.
async fn all(reader: &DatabaseConnection, mut select: SelectStatement) -> Result<Vec<QueryResult>, StoreError> {
    let rows = reader.query_all(select.limit(TOTALS as u64 + 1)).await?;
    if rows.len() <= TOTALS {
        return Ok(rows);
    }
    Err(StoreError::TooMuch {
        what: format!("there are more than {TOTALS} totals: request a shorter time or fewer groups"),
    })
}

fn narrow(select: &mut SelectStatement, selection: &Selection<'_>, of: Of) {
    select.and_where(request_column(request::Column::Arrived).gte(selection.from.0));
    select.and_where(request_column(request::Column::Arrived).lt(selection.to.0));
    select.and_where_option(selection.project.map(|project| request_column(request::Column::Project).eq(project)));
    select.and_where_option(selection.key.map(|key| request_column(request::Column::KeyId).eq(key.as_str())));
    select.and_where_option(selection.user.map(|user| request_column(request::Column::User).eq(user)));
    select.and_where_option(selection.model.map(|model| expression(GroupBy::Model, of).eq(model.as_str())));
}

fn group(select: &mut SelectStatement, selection: &Selection<'_>, of: Of) {
    for (place, by) in selection.group_by.iter().enumerate() {
        select.expr_as(expression(*by, of), group_name(place));
        select.add_group_by([expression(*by, of)]);
    }
}

fn expression(by: GroupBy, of: Of) -> SimpleExpr {
    match (by, of) {
        // A request counts for the model that served it, and what it cost for the models of its attempts.
        (GroupBy::Model, Of::Requests) => request_column(request::Column::Served),
        (GroupBy::Model, Of::Attempts) => attempt_column(attempt::Column::Model),
        (GroupBy::Provider, Of::Requests) => request_column(request::Column::Provider),
        (GroupBy::Provider, Of::Attempts) => attempt_column(attempt::Column::Provider),
        (GroupBy::Key, _) => request_column(request::Column::KeyId),
        (GroupBy::Project, _) => request_column(request::Column::Project),
        (GroupBy::User, _) => request_column(request::Column::User),
        (GroupBy::Day, _) => since(DAY),
        (GroupBy::Hour, _) => since(HOUR),
    }
}

/// How many whole units of time had passed since 1970 when a request arrived. The unit is written into the statement:
/// PostgreSQL takes two parameters for two expressions, and would not see that a group is the column selected.
fn since(unit: i64) -> SimpleExpr {
    request_column(request::Column::Arrived).div(Expr::cust(unit.to_string()))
}

pub(super) fn request_column(column: request::Column) -> SimpleExpr {
    Expr::col((request::Entity, column))
}

pub(super) fn attempt_column(column: attempt::Column) -> SimpleExpr {
    Expr::col((attempt::Entity, column))
}

fn case(condition: SimpleExpr, then: impl Into<SimpleExpr>, otherwise: i64) -> SimpleExpr {
    Expr::case(condition, then).finally(otherwise).into()
}

/// A sum as an integer; PostgreSQL would make it a decimal.
pub(super) fn sum(expression: impl Into<SimpleExpr>) -> SimpleExpr {
    Func::cast_as(Func::sum(expression), Alias::new("BIGINT")).into()
}

fn halves(select: &mut SelectStatement, column: attempt::Column, name: &str) {
    sum_halves(select, &attempt_column(column), name);
}

pub(super) fn sum_halves(select: &mut SelectStatement, expression: &SimpleExpr, name: &str) {
    select.expr_as(sum(expression.clone().div(HALF)), Alias::new(format!("{name}_high")));
    select.expr_as(sum(expression.clone().modulo(HALF)), Alias::new(format!("{name}_low")));
}

/// What an attempt costs by the last word on it: a correction may also say that it is not known.
pub(super) fn cost() -> SimpleExpr {
    let corrected = correction_column(correction::Column::Version).is_not_null();
    Expr::case(corrected, correction_column(correction::Column::Cost))
        .finally(attempt_column(attempt::Column::Cost))
        .into()
}

/// What an attempt is charged to its project: rounded half up, as [`Factor::of`] does.
fn charge() -> SimpleExpr {
    let factor = || request_column(request::Column::ChargeFactor);
    let product = || cost().mul(factor()).add(FACTOR_PARTS / 2).div(FACTOR_PARTS);
    // No request costs that much. But a provider may report any number, and one overflow would end every sum.
    let large = cost().div(FACTOR_PARTS).mul(factor());
    Expr::case(factor().is_null(), cost()).case(cost().gt(LARGE_COST), large).finally(product()).into()
}

/// Joins the correction of the highest version; there is none for nearly every attempt.
pub(super) fn join_last_correction(select: &mut SelectStatement) {
    let later = Alias::new("later");
    let of_later = |column: correction::Column| Expr::col((later.clone(), column));
    let newer = Query::select()
        .expr(Expr::value(1))
        .from_as(correction::Entity, later.clone())
        .and_where(of_later(correction::Column::RequestId).eq(correction_column(correction::Column::RequestId)))
        .and_where(of_later(correction::Column::Number).eq(correction_column(correction::Column::Number)))
        .and_where(of_later(correction::Column::Version).gt(correction_column(correction::Column::Version)))
        .to_owned();
    let of_attempt = attempt_column(attempt::Column::RequestId)
        .eq(correction_column(correction::Column::RequestId))
        .and(attempt_column(attempt::Column::Number).eq(correction_column(correction::Column::Number)))
        .and(Expr::exists(newer).not());
    select.left_join(correction::Entity, of_attempt);
}

fn correction_column(column: correction::Column) -> SimpleExpr {
    Expr::col((correction::Entity, column))
}

pub(super) fn read_halves(row: &QueryResult, name: &str) -> Result<u64, StoreError> {
    let [high, low] = [format!("{name}_high"), format!("{name}_low")].map(|name| number(row, &name));
    Ok(high?.saturating_mul(HALF.unsigned_abs()).saturating_add(low?))
}

/// A number that is not negative; NULL is zero, as the sum of nothing.
pub(super) fn number(row: &QueryResult, name: &str) -> Result<u64, DbErr> {
    Ok(row.try_get::<Option<i64>>("", name)?.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
}

fn group_name(place: usize) -> Alias {
    Alias::new(format!("group_{place}"))
}

fn read_group(row: &QueryResult, selection: &Selection<'_>) -> Result<Group, StoreError> {
    let value = |(place, by): (usize, &GroupBy)| -> Result<Option<String>, StoreError> {
        let name = group_name(place).to_string();
        Ok(match by {
            GroupBy::Day => row.try_get::<Option<i64>>("", &name)?.map(|days| moment(days, DAY, "%Y-%m-%d")),
            GroupBy::Hour => {
                row.try_get::<Option<i64>>("", &name)?.map(|hours| moment(hours, HOUR, "%Y-%m-%dT%H:%M:%SZ"))
            }
            GroupBy::Model | GroupBy::Provider | GroupBy::Key | GroupBy::Project | GroupBy::User => {
                row.try_get::<Option<String>>("", &name)?
            }
        })
    };
    selection.group_by.iter().enumerate().map(value).collect()
}

/// The moment so many units after 1970.
fn moment(units: i64, unit: i64, format: &str) -> String {
    DateTime::from_timestamp_micros(units.saturating_mul(unit)).unwrap_or_default().format(format).to_string()
}
