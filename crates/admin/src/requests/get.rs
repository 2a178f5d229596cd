//! `GET /api/requests/{id}`.

use super::view::{CorrectionView, JudgedRecord};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::RequestId;
use baton_model::schema::RecordView;
use baton_store::StoreError;
use http::StatusCode;

/// Shows a request with each attempt, and the feedback on its reply.
#[utoipa::path(get, path = "/api/requests/{id}", tag = "requests", params(("id" = String, Path)), responses(
    (status = 200, description = "The request", body = JudgedRecord),
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
    let corrections = admin.store.ledger().corrections_of(&id).await?.into_iter().map(CorrectionView::new).collect();
    json(StatusCode::OK, &JudgedRecord { record: RecordView::new(&record), feedback, corrections })
}
