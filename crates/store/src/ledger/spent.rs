//! What was spent of a budget or limit: sums of one measure over the requests of a scope.

use super::query::{attempt_column, cost, join_last_correction, number, read_halves, request_column, sum, sum_halves};
use super::row;
use crate::StoreError;
use crate::entity::{attempt, request};
use baton_model::entity::Measure;
use baton_model::{Amounts, Timestamp, UsageClass};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, LikeExpr, Query, SelectStatement, SimpleExpr};
use sea_orm::{ConnectionTrait, DatabaseConnection};

/// How long before an attempt its request may have arrived: no request is under way for longer. The ledger is in order of
/// arrival, so this bounds what is looked at.
const LONGEST_REQUEST: i64 = 48 * 3_600_000_000;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct SpentQuery {
    /// From when; attempts count when they are sent, requests when they arrive.
    pub from: Timestamp,
    /// Of which requests: fields of a scope with the one value that is meant.
    pub scope: Vec<(ScopeField, String)>,
    /// Sums for each so many microseconds since 1970; `None`: one sum.
    pub part: Option<i64>,
}

/// A field by which policies tell requests apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeField {
    /// The project.
    Project,
    /// The key's id.
    Key,
    /// The user.
    User,
    /// The model of the attempt.
    Model,
    /// Its provider.
    Provider,
    /// A tag of the request.
    Tag,
    /// Its run.
    Run,
}

/// A sum of some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpentSum {
    /// When that time begins: with [`SpentQuery::part`], the start of the part.
    pub at: Timestamp,
    /// How much: nano-dollars, tokens or requests.
    pub amount: u64,
}

/// Sums of a measure. Concurrency has none: what is under way is not in the ledger.
pub(super) async fn spent(
    reader: &DatabaseConnection,
    query: &SpentQuery,
    measure: Measure,
) -> Result<Vec<SpentSum>, StoreError> {
    let of_target = query.scope.iter().any(|(field, _)| matches!(field, ScopeField::Model | ScopeField::Provider));
    let by_request = measure == Measure::Requests && !of_target;
    let mut select = Query::select();
    if by_request {
        select.from(request::Entity);
        select.and_where(request_column(request::Column::Arrived).gte(query.from.0));
    } else {
        select_attempts(&mut select, query);
    }
    narrow(&mut select, query);
    let amount = match measure {
        Measure::Concurrency => return Ok(Vec::new()),
        Measure::Requests => Expr::val(1),
        Measure::Cost => {
            join_last_correction(&mut select);
            cost()
        }
        Measure::InputTokens => tokens(UsageClass::is_input_token),
        Measure::OutputTokens => tokens(UsageClass::is_output_token),
        Measure::Tokens => tokens(UsageClass::is_token),
    };
    sum_halves(&mut select, &amount, "amount");
    if let Some(part) = query.part {
        let moment = match by_request {
            true => request_column(request::Column::Arrived),
            false => attempt_column(attempt::Column::Started),
        };
        // Written into the statement, as in `query::since`: a parameter would be another expression to PostgreSQL.
        let number = moment.div(Expr::cust(part.to_string()));
        select.expr_as(number.clone(), Alias::new("part"));
        select.add_group_by([number]);
    }
    let rows = reader.query_all(&select).await?;
    rows.iter()
        .map(|row| {
            let at = match query.part {
                Some(part) => Timestamp(row.try_get::<i64>("", "part")?.saturating_mul(part)),
                None => query.from,
            };
            Ok(SpentSum { at, amount: read_halves(row, "amount")? })
        })
        .collect()
}

/// What attempts without a cost have used.
pub(super) async fn unpriced(reader: &DatabaseConnection, query: &SpentQuery) -> Result<Amounts, StoreError> {
    let mut select = Query::select();
    select_attempts(&mut select, query);
    narrow(&mut select, query);
    join_last_correction(&mut select);
    select.and_where(cost().is_null());
    for class in UsageClass::ALL {
        select.expr_as(sum(attempt_column(row::column(class))), Alias::new(class.name()));
    }
    let rows = reader.query_all(&select).await?;
    let mut amounts = Amounts::default();
    for row in &rows {
        for class in UsageClass::ALL {
            amounts.set(class, number(row, class.name())?);
        }
    }
    Ok(amounts)
}

fn select_attempts(select: &mut SelectStatement, query: &SpentQuery) {
    // Joined, because key, project, user and tags are columns of the request alone.
    select.from(attempt::Entity).inner_join(
        request::Entity,
        request_column(request::Column::Id).equals((attempt::Entity, attempt::Column::RequestId)),
    );
    let since = query.from.0.saturating_sub(LONGEST_REQUEST);
    // Said of both tables, as for totals.
    for arrived in [request_column(request::Column::Arrived), attempt_column(attempt::Column::Arrived)] {
        select.and_where(arrived.gte(since));
    }
    select.and_where(attempt_column(attempt::Column::Arrived).equals((request::Entity, request::Column::Arrived)));
    select.and_where(attempt_column(attempt::Column::Started).gte(query.from.0));
}

fn narrow(select: &mut SelectStatement, query: &SpentQuery) {
    for (field, value) in &query.scope {
        // As the row has it.
        let indexed = || row::cut_indexed_text(value).into_owned();
        let condition = match field {
            ScopeField::Project => request_column(request::Column::Project).eq(indexed()),
            ScopeField::Run => request_column(request::Column::Run).eq(indexed()),
            ScopeField::User => request_column(request::Column::User).eq(indexed()),
            ScopeField::Key => request_column(request::Column::KeyId).eq(value.as_str()),
            ScopeField::Model => attempt_column(attempt::Column::Model).eq(value.as_str()),
            ScopeField::Provider => attempt_column(attempt::Column::Provider).eq(value.as_str()),
            ScopeField::Tag => request_column(request::Column::Tags).like(LikeExpr::new(with_tag(value)).escape('!')),
        };
        select.and_where(condition);
    }
}

/// A pattern for the column of tags, which is a JSON list of texts.
fn with_tag(tag: &str) -> String {
    // Text always serialises.
    let text = serde_json::to_string(tag).unwrap_or_default();
    let mut pattern = String::from("%");
    for character in text.chars() {
        if matches!(character, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// The sum of the columns of some classes.
fn tokens(wanted: impl Fn(UsageClass) -> bool) -> SimpleExpr {
    let columns =
        UsageClass::ALL.into_iter().filter(|class| wanted(*class)).map(|class| attempt_column(row::column(class)));
    columns.reduce(|sum, column| sum.add(column)).unwrap_or_else(|| Expr::val(0))
}
