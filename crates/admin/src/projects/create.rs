//! `POST /api/projects`.

use super::input::{self, ProjectBody};
use super::note;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_control::projects::check_project;
use baton_model::Project;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Creates a project.
#[utoipa::path(post, path = "/api/projects", tag = "projects", request_body = ProjectBody, responses(
    (status = 201, description = "Created", body = Project),
    (status = 409, description = "The id is taken", body = ErrorBody),
    (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
))]
pub async fn create(State(admin): State<Admin>, Administrator(by): Administrator, mut fields: JsonFields) -> ApiResult {
    let mut faults = Faults::default();
    let id = input::new_id(&mut fields, &mut faults);
    let changes = input::read(&mut fields, &mut faults);
    fields.finish(&mut faults);
    let now = admin.web.engine.clock().now();
    let mut project = Project { created_at: now, updated_at: now, ..Project::new(id) };
    changes.apply(&mut project);
    check_project(&project, &mut faults);
    faults.check()?;
    let change = admin.store.change(&by).await?;
    change.projects().insert(&project).await?;
    note::commit(&admin, change, None, Some(&project)).await?;
    let mut response = json(StatusCode::CREATED, &project)?;
    if let Ok(location) = HeaderValue::from_str(&location(&project.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// The address of a project.
fn location(id: &str) -> String {
    format!("/api/projects/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}
