//! `PUT /api/keys/{id}`.

use super::creator;
use super::input::{self, FIXED, KeyChange};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Acting;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_model::{ApiKey, KeyId};
use http::StatusCode;

/// Changes a key, with immediate effect. Its role, project and user can't be changed; create another key instead.
#[utoipa::path(put, path = "/api/keys/{id}", tag = "keys", params(("id" = String, Path)), request_body = KeyChange,
    responses(
        (status = 200, description = "Changed", body = ApiKey),
        (status = 400, description = "The body has no field to change", body = ErrorBody),
        (status = 404, description = "The key does not exist", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn update(
    State(admin): State<Admin>,
    Acting { caller, by }: Acting,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    let changes = input::read(&mut fields, &FIXED, admin.web.engine.clock().now(), &mut faults);
    fields.finish(&mut faults);
    let id = KeyId::from(id);
    let creator = creator::for_key(&admin, &caller, &id).await?;
    let mut changed = admin.store.keys().get(&id).await?;
    changes.apply(&mut changed);
    if changes.says("scope") {
        // Which scopes there are for it depends on what is fixed.
        input::check_scope(&changed, &mut faults);
    }
    faults.check()?;
    changes.require(&FIXED)?;
    creator::check_fields(&creator, &changes)?;
    creator.bind(&mut changed)?;
    let changed = admin.web.keys.update(&by, &id, |key| changes.apply(key));
    json(StatusCode::OK, &changed.await?)
}
