//! `GET /api/projects/{id}`.

use super::view::ProjectView;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::answer::{Answer, json};
use axum::extract::{Path, State};
use http::StatusCode;

/// Shows a project.
#[utoipa::path(get, path = "/api/projects/{id}", tag = "projects", params(("id" = String, Path)), responses(
    (status = 200, description = "The project", body = ProjectView),
    (status = 404, description = "There is no such project", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, _: Viewer, Path(id): Path<String>) -> Answer {
    let project = admin.store.projects().get(&id).await?;
    json(StatusCode::OK, &ProjectView::from(&project))
}
