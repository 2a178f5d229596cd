//! Totals of a time range.

use super::query::{self, Sums};
use super::totals::{ModelStats, UsageQuery, UsageRow};
use crate::StoreError;
use baton_model::{ModelId, Timestamp};
use sea_orm::DatabaseConnection;
use std::collections::BTreeMap;

pub(super) async fn usage(reader: &DatabaseConnection, query: &UsageQuery) -> Result<Vec<UsageRow>, StoreError> {
    let selection = query::Selection {
        from: query.from,
        to: query.to,
        project: query.project.as_deref(),
        key: query.key.as_ref(),
        user: query.user.as_deref(),
        model: None,
        group_by: &query.group_by,
    };
    totals(reader, &selection).await
}

pub(super) async fn model_stats(
    reader: &DatabaseConnection,
    model: &ModelId,
    from: Timestamp,
    project: Option<&str>,
) -> Result<ModelStats, StoreError> {
    let selection = query::Selection {
        from,
        to: Timestamp(i64::MAX),
        project,
        key: None,
        user: None,
        model: Some(model),
        group_by: &[],
    };
    let row = totals(reader, &selection).await?.into_iter().next().unwrap_or_default();
    let UsageRow { requests, errors, tokens, spent, latency, .. } = row;
    Ok(ModelStats { requests, errors, tokens, spent, latency })
}

/// Three questions (requests, what attempts consumed, percentiles), joined by group: a group may be in one alone, such
/// as a model that was tried but never replied.
async fn totals(reader: &DatabaseConnection, selection: &query::Selection<'_>) -> Result<Vec<UsageRow>, StoreError> {
    let mut rows = BTreeMap::<Vec<Option<String>>, UsageRow>::new();
    for (group, counts) in query::requests(reader, selection).await? {
        let row = rows.entry(group).or_default();
        (row.requests, row.errors, row.cache_hits) = (counts.requests, counts.errors, counts.cache_hits);
    }
    for (group, Sums { tokens, spent, estimated }) in query::attempts(reader, selection).await? {
        let row = rows.entry(group).or_default();
        (row.tokens, row.spent, row.estimated) = (tokens, spent, estimated);
    }
    for (group, latency) in query::latencies(reader, selection).await? {
        rows.entry(group).or_default().latency = Some(latency);
    }
    Ok(rows
        .into_iter()
        // Without groups SQL gives a row even of nothing.
        .filter(|(_, row)| row.requests > 0 || !row.tokens.is_empty() || row.spent.unpriced > 0)
        .map(|(group, row)| UsageRow { group, ..row })
        .collect())
}
