//! Requests as the API shows them: a record's schema is its own, in `baton-model`.

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
}
