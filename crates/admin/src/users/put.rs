//! `PUT /api/users/{id}`.

use super::view::{self, UserView};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::{Acting, Administrator};
use crate::wire::changes::{FieldChanges, Ruled, pass_over_shown};
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use crate::wire::schema::{body, nullable};
use axum::extract::{Path, State};
use baton_control::projects::check_user;
use baton_model::{Code, EventKind, PublicError, Timestamp, User, bounds};
use baton_store::{Change, NewAudit, NewEvent, StoreError};
use http::StatusCode;

body!(UserBody as "User" of User: "What is set for a user", nullable::<User>());

/// What a reply shows beside the user itself, so that one that was got can be put back.
const SHOWN: [&str; 3] = ["registered", "projects", "month"];

/// Registers a user, or changes the given fields: its name, budget, limits and metadata. A user need not be registered to
/// make requests.
#[utoipa::path(put, path = "/api/users/{id}", tag = "users", params(("id" = String, Path)), request_body = UserBody,
    responses(
        (status = 200, description = "Registered, or changed", body = UserView),
        (status = 409, description = "Someone else has changed it at the same time", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn put(
    State(admin): State<Admin>,
    Administrator(_): Administrator,
    Acting { caller, by }: Acting,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    pass_over_shown::<User>(&mut fields);
    for name in SHOWN {
        fields.raw(name);
    }
    if fields.text("id", &mut faults).is_some_and(|given| given != id) {
        faults.add("id", "can't be changed, because requests are attributed to it");
    }
    let changes = FieldChanges::read(&mut fields, &User::new(""), &["id"], &mut faults, |_, _, _| Ruled::BySchema);
    fields.finish(&mut faults);
    let now = admin.web.engine.clock().now();
    let change = admin.store.change(&by).await?;
    let before = match change.users().get(&id).await {
        Ok(user) => Some(user),
        Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let mut after = before.clone().unwrap_or_else(|| User { created_at: now, ..User::new(id.as_str()) });
    changes.apply(&mut after);
    check_user(&after, &mut faults);
    faults.check()?;
    match &before {
        Some(before) => {
            // The version that the update is compared by: it must grow, whatever the clock says.
            after.updated_at = now.max(Timestamp(before.updated_at.0.saturating_add(1)));
            change.users().update(&after, before.updated_at).await?;
        }
        None => {
            let number = change.users().count().await?;
            if number >= bounds::USERS as u64 {
                let message = format!("there are {number} users, the maximum is {}: remove some", bounds::USERS);
                return Err(PublicError::new(Code::ValidationError, message).into());
            }
            after.updated_at = now;
            change.users().insert(&after).await?;
        }
    }
    commit(&admin, change, before.as_ref(), Some(&after)).await?;
    let found = view::find(&admin, &caller, Some(&id)).await?;
    let view = found.into_iter().find(|user| user.id == id).unwrap_or_else(|| after.into());
    json(StatusCode::OK, &view)
}

/// Tells of a change, commits it, and puts the user's budget and limits in force.
///
/// # Errors
/// Whatever keeps the database from writing; then nothing has changed.
pub async fn commit(
    admin: &Admin,
    change: Change,
    before: Option<&User>,
    after: Option<&User>,
) -> Result<(), PublicError> {
    let Some(user) = after.or(before) else { return Ok(()) };
    let (kind, action) = match (before, after) {
        (None, _) => (EventKind::UserCreated, "user.create"),
        (Some(_), Some(_)) => (EventKind::UserUpdated, "user.update"),
        (Some(_), None) => (EventKind::UserDeleted, "user.delete"),
    };
    // Text, exact numbers, and JSON that was read before: it always serialises.
    let text = |user: &User| serde_json::to_string(user).unwrap_or_default();
    let subject = user.id.clone();
    change.add_event(NewEvent { kind, subject: subject.clone(), data: text(user), traceparent: None }).await?;
    let [before, after] = [before, after].map(|user| user.map(text));
    change.audit(NewAudit { action, kind: "user", subject, before, after }).await?;
    change.commit().await?;
    admin.policies.reload().await
}
