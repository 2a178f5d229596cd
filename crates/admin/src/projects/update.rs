//! `PUT /api/projects/{id}`.

use super::input::ProjectBody;
use super::note;
use super::view::ProjectView;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::{Code, PublicError, Timestamp};
use http::StatusCode;

/// Fields of a reply that can't be set: ignored, so that a project can be sent back with a changed field.
const READ_ONLY: [&str; 2] = ["created_at", "updated_at"];

/// Changes the given fields.
#[utoipa::path(put, path = "/api/projects/{id}", tag = "projects", params(("id" = String, Path)),
    request_body = ProjectBody, responses(
        (status = 200, description = "Changed", body = ProjectView),
        (status = 400, description = "The body has no field to change", body = ErrorBody),
        (status = 404, description = "The project does not exist", body = ErrorBody),
        (status = 409, description = "Someone else has changed it at the same time", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn update(
    State(admin): State<Admin>,
    Administrator(by): Administrator,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    for name in READ_ONLY {
        fields.raw(name);
    }
    let body = ProjectBody::read(&mut fields, &mut faults);
    if body.id.as_ref().is_some_and(|given| *given != id) {
        faults.add("id", "can't be changed, because requests are attributed to it");
    }
    fields.finish(&mut faults);
    faults.check()?;
    if body.name.is_none() && body.metadata.is_none() {
        return Err(PublicError::new(
            Code::InvalidRequest,
            "the body must contain at least one field to change: name, metadata",
        )
        .into());
    }
    let change = admin.store.change(&by).await?;
    let before = change.projects().get(&id).await?;
    let mut after = before.clone();
    after.metadata = body.metadata.unwrap_or(after.metadata);
    after.name = body.name.unwrap_or(after.name);
    after.updated_at = admin.web.engine.clock().now().max(Timestamp(before.updated_at.0.saturating_add(1)));
    change.projects().update(&after, before.updated_at).await?;
    note::commit(change, Some(&before), Some(&after)).await?;
    json(StatusCode::OK, &ProjectView::from(&after))
}
