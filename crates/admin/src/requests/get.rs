//! `GET /api/requests/{id}`.

use super::feedback::FeedbackView;
use super::view::JudgedRecordSchema;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::RequestId;
use baton_model::record::RequestRecord;
use baton_store::{StoreError, record};
use http::StatusCode;
use indexmap::IndexMap;
use serde_json::value::{RawValue, to_raw_value};

/// Shows a request with each attempt, and the feedback on its reply.
#[utoipa::path(get, path = "/api/requests/{id}", tag = "requests", params(("id" = String, Path)), responses(
    (status = 200, description = "The request", body = JudgedRecordSchema),
    (status = 404, description = "The request does not exist, or its record is not in the database yet", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, Viewer(caller): Viewer, Path(id): Path<String>) -> ApiResult {
    let id = RequestId::from(id);
    let record = admin.store.ledger().get(&id).await?;
    if !caller.sees_project(record.attribution.project.as_deref()) {
        // As if it were not there: ids of others are nobody's business.
        return Err(StoreError::NotFound { what: format!("request `{id}`") }.into());
    }
    let feedback = admin.store.feedback().list_for(&id).await?;
    let feedback: Vec<FeedbackView> = feedback.iter().map(FeedbackView::from).collect();
    json(StatusCode::OK, &add_feedback(&record, &feedback))
}

/// The record as it is kept, and what was said of it.
fn add_feedback(record: &RequestRecord, feedback: &[FeedbackView]) -> IndexMap<String, Box<RawValue>> {
    let mut fields: IndexMap<String, Box<RawValue>> =
        serde_json::from_str(&record::to_json(record)).unwrap_or_default();
    fields.extend(to_raw_value(feedback).ok().map(|feedback| ("feedback".to_owned(), feedback)));
    fields
}
