//! `/api/projects/{id}/members`: who belongs to a project.

use super::update::alter;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::{Acting, Viewer};
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::page::{Page, Paging};
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use baton_model::entity::{ProjectMember, Role};
use baton_model::{Caller, Code, Project, PublicError};
use baton_store::StoreError;
use http::{StatusCode, Uri};
use serde::Deserialize;
use utoipa::ToSchema;

/// What a member may do in the project.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct MemberBody {
    /// `operator`, `viewer` or `caller`.
    #[schema(value_type = String, required, example = "operator")]
    role: Option<Role>,
}

/// Lists the members of a project, by their ids.
#[utoipa::path(get, path = "/api/projects/{id}/members", tag = "projects", params(
    ("id" = String, Path),
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
), responses(
    (status = 200, description = "A page of members", body = Page<ProjectMember>),
    (status = 404, description = "The project does not exist", body = ErrorBody),
))]
pub async fn list(State(admin): State<Admin>, Viewer(caller): Viewer, Path(id): Path<String>, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let paging = Paging::take(&mut params);
    params.finish()?;
    check_visible(&caller, &id)?;
    let mut members = admin.store.projects().get(&id).await?.members;
    members.sort_by(|one, other| one.user_id.cmp(&other.user_id));
    paging.cut_page(members.into_iter()).to_response()
}

/// Adds a member, or changes its role. For admins, and for operators of the project.
#[utoipa::path(put, path = "/api/projects/{id}/members/{user_id}", tag = "projects",
    params(("id" = String, Path), ("user_id" = String, Path)), request_body = MemberBody, responses(
        (status = 200, description = "A member with that role", body = ProjectMember),
        (status = 403, description = "The caller is not an operator of the project", body = ErrorBody),
        (status = 404, description = "The project does not exist", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn put(
    State(admin): State<Admin>,
    Acting { caller, by }: Acting,
    Path((id, user)): Path<(String, String)>,
    mut fields: JsonFields,
) -> ApiResult {
    check_may_change(&caller, &id)?;
    let mut faults = Faults::default();
    // As it is shown, so that a member that was got can be put back.
    if fields.text("user_id", &mut faults).is_some_and(|given| given != user) {
        faults.add("user_id", "must be the user named in the path");
    }
    fields.require("role", "operator, viewer or caller", &mut faults);
    let MemberBody { role } = fields.read_body(&mut faults).unwrap_or_default();
    fields.finish(&mut faults);
    faults.check()?;
    let member = ProjectMember { user_id: user.into(), role: role.unwrap_or(Role::Caller) };
    let changed = alter(&admin, &by, &id, |project| {
        remove_member(project, &member.user_id);
        project.members.push(member.clone());
        Ok(())
    });
    changed.await?;
    json(StatusCode::OK, &member)
}

/// Removes a member. Its keys stay valid. For admins, and for operators of the project.
#[utoipa::path(delete, path = "/api/projects/{id}/members/{user_id}", tag = "projects",
    params(("id" = String, Path), ("user_id" = String, Path)), responses(
        (status = 204, description = "No longer a member"),
        (status = 403, description = "The caller is not an operator of the project", body = ErrorBody),
        (status = 404, description = "The project does not exist, or has no such member", body = ErrorBody),
    )
)]
pub async fn remove(
    State(admin): State<Admin>,
    Acting { caller, by }: Acting,
    Path((id, user)): Path<(String, String)>,
) -> ApiResult {
    check_may_change(&caller, &id)?;
    let changed = alter(&admin, &by, &id, |project| {
        if remove_member(project, &user) {
            return Ok(());
        }
        Err(StoreError::NotFound { what: format!("member `{user}` of the project `{id}`") }.into())
    });
    changed.await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Whether there was one.
fn remove_member(project: &mut Project, user: &str) -> bool {
    let before = project.members.len();
    project.members.retain(|member| &*member.user_id != user);
    project.members.len() < before
}

/// Whether a caller sees the project: another's is not there for it.
fn check_visible(caller: &Caller, project: &str) -> Result<(), PublicError> {
    if caller.sees_project(Some(project)) {
        return Ok(());
    }
    Err(StoreError::NotFound { what: format!("project `{project}`") }.into())
}

/// Whether a caller decides who belongs to the project.
fn check_may_change(caller: &Caller, project: &str) -> Result<(), PublicError> {
    if caller.role == Role::Admin {
        return Ok(());
    }
    check_visible(caller, project)?;
    if caller.role == Role::Operator && caller.confined_to() == Some(project) {
        return Ok(());
    }
    let message = "this requires the role `admin`, or the role `operator` in the project";
    Err(PublicError::new(Code::PermissionDenied, message))
}
