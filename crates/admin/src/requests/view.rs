//! Requests as the API shows them: a record's schema is its own, in `baton-model`.

use baton_model::Cost;
use baton_model::schema::RecordView;
use baton_store::FeedbackEntry;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// One page of requests.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestsView {
    /// The requests, newest first.
    #[schema(value_type = Vec<RecordView>)]
    pub items: Vec<Box<RawValue>>,
    /// The value of `cursor` for the next page; null: this is the last page.
    pub next_cursor: Option<String>,
}

/// One request with each attempt, and the feedback on its reply.
#[derive(Serialize, ToSchema)]
#[schema(as = JudgedRequestRecord)]
pub struct JudgedRecord<'r> {
    #[serde(flatten)]
    #[schema(value_type = RecordView)]
    pub(super) record: RecordView<'r>,
    /// The feedback on its reply, oldest first.
    pub(super) feedback: Vec<FeedbackEntry>,
    /// What attempts cost after all, where they were priced anew: the last word on each. The attempts themselves stay as they
    /// were recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) corrections: Vec<CorrectionView>,
}

/// What an attempt costs after all.
#[derive(Serialize, ToSchema)]
pub struct CorrectionView {
    /// The attempt's place in `attempts`, from 0.
    attempt: i32,
    /// What it costs, in exact decimal dollars; null: unpriced.
    #[schema(value_type = Option<f64>)]
    cost: Cost,
    /// Why its cost is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    unpriced: Option<String>,
}

impl CorrectionView {
    /// A correction as the ledger has it.
    pub(super) fn new((attempt, cost, unpriced): (i32, Cost, Option<String>)) -> Self {
        Self { attempt, cost, unpriced }
    }
}
