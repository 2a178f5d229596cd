//! `POST /api/projects`.

use super::input::ProjectBody;
use super::note;
use super::view::{ProjectView, location};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_model::chat::Json;
use baton_store::Project;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

/// Creates a project.
#[utoipa::path(post, path = "/api/projects", tag = "projects", request_body = ProjectBody, responses(
    (status = 201, description = "Created", body = ProjectView),
    (status = 409, description = "The id is taken", body = ErrorBody),
    (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
))]
pub async fn create(State(admin): State<Admin>, Administrator(by): Administrator, mut fields: JsonFields) -> ApiResult {
    let mut faults = Faults::default();
    fields.require("id", "the id that keys, tokens and requests refer to", &mut faults);
    let body = ProjectBody::read(&mut fields, &mut faults);
    let id = body.new_id(&mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    let now = admin.web.engine.clock().now();
    let project = Project {
        metadata: body.metadata.unwrap_or_else(|| Json("{}".into())),
        name: body.name.unwrap_or_else(|| id.clone()),
        id,
        created_at: now,
        updated_at: now,
    };
    let change = admin.store.change(&by).await?;
    change.projects().insert(&project).await?;
    note::commit(change, None, Some(&project)).await?;
    let mut response = json(StatusCode::CREATED, &ProjectView::from(&project))?;
    if let Ok(location) = HeaderValue::from_str(&location(&project.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}
