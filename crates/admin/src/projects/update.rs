//! `PUT /api/projects/{id}`.

use super::input::{self, ProjectBody};
use super::note;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::changes::pass_over_shown;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_control::projects::check_project;
use baton_model::{Actor, Project, PublicError, Timestamp};
use http::StatusCode;

/// Changes the given fields.
#[utoipa::path(put, path = "/api/projects/{id}", tag = "projects", params(("id" = String, Path)),
    request_body = ProjectBody, responses(
        (status = 200, description = "Changed", body = Project),
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
    pass_over_shown::<Project>(&mut fields);
    if fields.text("id", &mut faults).is_some_and(|given| given != id) {
        faults.add("id", "can't be changed, because requests are attributed to it");
    }
    let changes = input::read(&mut fields, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    changes.require(&["id"])?;
    let after = alter(&admin, &by, &id, |project| {
        changes.apply(project);
        Ok(())
    });
    json(StatusCode::OK, &after.await?)
}

/// Changes a project, and puts that in force.
///
/// # Errors
/// What `change` says; `not_found`; `conflict` if someone else has changed it at the same time; `validation_error` if it
/// would say what no project may.
pub async fn alter(
    admin: &Admin,
    by: &Actor,
    id: &str,
    change: impl FnOnce(&mut Project) -> Result<(), PublicError>,
) -> Result<Project, PublicError> {
    let work = admin.store.change(by).await?;
    let before = work.projects().get(id).await?;
    let mut after = before.clone();
    change(&mut after)?;
    let mut faults = Faults::default();
    check_project(&after, &mut faults);
    faults.check()?;
    // `updated_at` is the version that the update is compared by. It must grow even within one microsecond, or if the
    // clock was set back.
    after.updated_at = admin.web.engine.clock().now().max(Timestamp(before.updated_at.0.saturating_add(1)));
    work.projects().update(&after, before.updated_at).await?;
    note::commit(admin, work, Some(&before), Some(&after)).await?;
    Ok(after)
}
