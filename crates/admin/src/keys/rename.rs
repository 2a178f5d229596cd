//! `PUT /api/keys/{id}`.

use super::view::KeyView;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::answer::{Answer, json};
use crate::wire::faults::Faults;
use crate::wire::fields::Fields;
use axum::extract::{Path, State};
use baton_model::{Code, KeyId, PublicError};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

/// What can be changed of a key.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "the schema of what `Fields` reads")]
pub struct RenameBody {
    /// A name for people.
    name: String,
}

/// Gives a key another name. What it may do stays as it was made: make another key for that.
#[utoipa::path(put, path = "/api/keys/{id}", tag = "keys", params(("id" = String, Path)), request_body = RenameBody,
    responses(
        (status = 200, description = "Renamed", body = KeyView),
        (status = 400, description = "No field is given", body = ErrorBody),
        (status = 404, description = "There is no such key", body = ErrorBody),
    )
)]
pub async fn rename(
    State(admin): State<Admin>,
    _: Administrator,
    Path(id): Path<String>,
    mut fields: Fields,
) -> Answer {
    let mut faults = Faults::default();
    let name = fields.text("name", &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    let name = name.ok_or_else(|| PublicError::new(Code::InvalidRequest, "the body names no field to change: name"))?;
    let id = KeyId::from(id);
    admin.store.keys().rename(&id, &name).await.map_err(crate::told)?;
    let key = admin.store.keys().get(&id).await.map_err(crate::told)?;
    json(StatusCode::OK, &KeyView::from(&key))
}
