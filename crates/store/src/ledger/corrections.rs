//! What attempts cost after all: corrections beside the records, which never change.

use crate::database::Database;
use crate::entity::{attempt, correction};
use crate::{StoreError, connection};
use baton_model::{Cost, ModelId, Nanos, ProviderId, Timestamp, Usage};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

/// Rows in one statement.
const ROWS: usize = 500;

/// Which attempts are priced anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepriceQuery {
    /// Start of the range.
    pub from: Timestamp,
    /// End of the range, exclusive.
    pub to: Timestamp,
    /// Only attempts at this model.
    pub model: Option<ModelId>,
}

/// An attempt, and what it costs by the last word on it.
#[derive(Debug, Clone, PartialEq)]
pub struct PricedAttempt {
    /// The request.
    pub request: String,
    /// The attempt's number within it.
    pub number: i32,
    /// When the request arrived.
    pub arrived: Timestamp,
    /// When the attempt was sent.
    pub started: Timestamp,
    /// The model.
    pub model: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// The provider's name for it.
    pub upstream: String,
    /// What it consumed.
    pub usage: Usage,
    /// What it costs, corrections included.
    pub cost: Cost,
    /// How often it was corrected.
    version: i32,
}

/// A new word on an attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// The attempt.
    pub attempt: PricedAttempt,
    /// What it costs.
    pub cost: Cost,
    /// Why that is not known.
    pub unpriced: Option<String>,
}

/// A batch of the attempts of a query that consumed something, in order; it begins behind the one of that request and
/// number.
pub(super) async fn attempts(
    reader: &DatabaseConnection,
    query: &RepriceQuery,
    after: Option<(&str, i32)>,
) -> Result<Vec<PricedAttempt>, StoreError> {
    let mut select = attempt::Entity::find()
        .filter(attempt::Column::Arrived.gte(query.from.0))
        .filter(attempt::Column::Arrived.lt(query.to.0))
        .order_by_asc(attempt::Column::RequestId)
        .order_by_asc(attempt::Column::Number)
        .limit(ROWS as u64);
    if let Some(model) = &query.model {
        select = select.filter(attempt::Column::Model.eq(model.as_str()));
    }
    if let Some((request, number)) = after {
        // Written out: SQLite and PostgreSQL compare rows alike, but not with the same words.
        let same = attempt::Column::RequestId.eq(request).and(attempt::Column::Number.gt(number));
        select = select.filter(attempt::Column::RequestId.gt(request).or(same));
    }
    let rows = select.all(reader).await?;
    let ids: Vec<&str> = rows.iter().map(|row| row.request_id.as_str()).collect();
    let corrections = correction::Entity::find()
        .filter(correction::Column::RequestId.is_in(ids))
        .order_by_asc(correction::Column::Version)
        .all(reader)
        .await?;
    // In order of their versions, so the last one of an attempt stays.
    let corrected: HashMap<(String, i32), correction::Model> =
        corrections.into_iter().map(|row| ((row.request_id.clone(), row.number), row)).collect();
    let known = |nanos: Option<i64>| nanos.map_or(Cost::Unpriced, |nanos| Cost::Known(Nanos(nanos)));
    let read = |row: attempt::Model| {
        let last = corrected.get(&(row.request_id.clone(), row.number));
        Ok(PricedAttempt {
            usage: super::row::usage(&row)?,
            cost: known(last.map_or(row.cost, |last| last.cost)),
            version: last.map_or(0, |last| last.version),
            request: row.request_id,
            number: row.number,
            arrived: Timestamp(row.arrived),
            started: Timestamp(row.started),
            model: ModelId::from(row.model),
            provider: ProviderId::from(row.provider),
            upstream: row.upstream,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Writes corrections, all or none. One that another has written at the same time is left out.
pub(super) async fn correct(
    database: &Database,
    corrections: &[Correction],
    now: Timestamp,
    by: &str,
) -> Result<u64, StoreError> {
    let transaction = connection::begin(database.writer()).await?;
    let mut written = 0;
    for corrections in corrections.chunks(ROWS) {
        let rows = corrections.iter().map(|correction| {
            let attempt = &correction.attempt;
            correction::Model {
                request_id: attempt.request.clone(),
                number: attempt.number,
                version: attempt.version + 1,
                arrived: attempt.arrived.0,
                cost: correction.cost.known().map(|nanos| nanos.0),
                unpriced: correction.unpriced.clone(),
                made_at: now.0,
                made_by: by.to_owned(),
            }
            .into_active_model()
        });
        let insert = correction::Entity::insert_many(rows).on_conflict(crate::keep_existing());
        written += insert.exec_without_returning(&transaction).await?;
    }
    transaction.commit().await?;
    Ok(written)
}

/// The last word on each attempt of a request that was corrected, by the attempt's number.
pub(super) async fn of_request(
    reader: &DatabaseConnection,
    request: &str,
) -> Result<Vec<(i32, Cost, Option<String>)>, StoreError> {
    let rows = correction::Entity::find()
        .filter(correction::Column::RequestId.eq(request))
        .order_by_asc(correction::Column::Number)
        .order_by_asc(correction::Column::Version)
        .all(reader)
        .await?;
    let mut last: Vec<(i32, Cost, Option<String>)> = Vec::new();
    for row in rows {
        let cost = row.cost.map_or(Cost::Unpriced, |nanos| Cost::Known(Nanos(nanos)));
        match last.last_mut().filter(|(number, ..)| *number == row.number) {
            Some(known) => (known.1, known.2) = (cost, row.unpriced),
            None => last.push((row.number, cost, row.unpriced)),
        }
    }
    Ok(last)
}

/// Removes corrections of requests that arrived before a time, some hundreds at a time.
pub(super) async fn remove(writer: &DatabaseConnection, since: Timestamp) -> Result<(), StoreError> {
    loop {
        let old = correction::Entity::find()
            .select_only()
            .column(correction::Column::RequestId)
            .filter(correction::Column::Arrived.lt(since.0))
            .limit(ROWS as u64);
        let old = old.into_tuple::<String>().all(writer).await?;
        if old.is_empty() {
            return Ok(());
        }
        correction::Entity::delete_many().filter(correction::Column::RequestId.is_in(old)).exec(writer).await?;
    }
}
