//! `GET /api/projects/{id}`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::{Caller, Project};
use baton_store::StoreError;
use http::StatusCode;

/// Shows a project.
#[utoipa::path(get, path = "/api/projects/{id}", tag = "projects", params(("id" = String, Path)), responses(
    (status = 200, description = "The project", body = Project),
    (status = 404, description = "The project does not exist", body = ErrorBody),
))]
pub async fn get(State(admin): State<Admin>, Viewer(caller): Viewer, Path(id): Path<String>) -> ApiResult {
    let project = admin.store.projects().get(&id).await.and_then(|project| check_visible(&caller, project, &id))?;
    json(StatusCode::OK, &project)
}

/// The project, if the caller sees it: another's is not there for it.
fn check_visible(caller: &Caller, project: Project, id: &str) -> Result<Project, StoreError> {
    if caller.sees_project(Some(id)) {
        Ok(project)
    } else {
        Err(StoreError::NotFound { what: format!("project `{id}`") })
    }
}
