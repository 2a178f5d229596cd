//! A row of totals as JSON.

use baton_store::ledger::{GroupBy, UsageRow};
use indexmap::IndexMap;
use serde::Serialize;
use utoipa::ToSchema;

/// Totals of a time range.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsageView {
    /// Start of the range.
    pub from: String,
    /// End of the range, exclusive.
    pub to: String,
    /// What makes a row.
    #[schema(example = json!(["model"]))]
    pub group_by: Vec<&'static str>,
    /// The number of rows.
    pub total: u64,
    /// The rows, ordered by their groups.
    pub items: Vec<RowView>,
}

/// The totals of one group, and the fields that it is grouped by (`model`, `day` …), null for requests without one.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowView {
    #[serde(flatten)]
    #[schema(value_type = Object)]
    group: IndexMap<&'static str, Option<String>>,
    #[serde(flatten)]
    #[schema(inline)]
    row: UsageRow,
}

impl RowView {
    /// A row of these groupings.
    pub fn new(mut row: UsageRow, group_by: &[GroupBy]) -> Self {
        let group = std::mem::take(&mut row.group);
        Self { group: group_by.iter().map(|by| by.name()).zip(group).collect(), row }
    }
}
