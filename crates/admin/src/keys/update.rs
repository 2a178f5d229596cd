//! `PUT /api/keys/{id}`.

use super::input::{self, FIXED, KeyChange};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use crate::wire::schema::settable_fields;
use axum::extract::{Path, State};
use baton_model::entity::Role;
use baton_model::schema::merge_fields;
use baton_model::{ApiKey, Code, KeyId, PublicError};
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
    Administrator(by): Administrator,
    Path(id): Path<String>,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    let given = ["models", "projects", "addresses", "expires_at"].map(|field| fields.raw(field).is_some());
    let models = input::models(&mut fields, &mut faults);
    let projects = input::projects(&mut fields, &mut faults);
    let addresses = input::addresses(&mut fields, &mut faults);
    let expires_at = input::expiry(&mut fields, admin.web.engine.clock().now(), &mut faults);
    let others = fields.take_others(&ApiKey::new("", Role::Caller), &FIXED, &mut faults);
    fields.finish(&mut faults);
    if others.iter().any(|(name, _)| name == "scope") {
        // Which scopes there are for it depends on what is fixed.
        let before = admin.store.keys().get(&KeyId::from(id.as_str())).await?;
        input::check_scope(&merge_fields(&before, &others).unwrap_or(before), &mut faults);
    }
    faults.check()?;
    if others.is_empty() && !given.contains(&true) {
        let known = settable_fields::<ApiKey>(&FIXED, &[]).properties.keys().cloned().collect::<Vec<_>>().join(", ");
        let message = format!("the body must contain at least one field to change: {known}");
        return Err(PublicError::new(Code::InvalidRequest, message).into());
    }
    let [with_models, with_projects, with_addresses, with_expiry] = given;
    let id = KeyId::from(id);
    let changed = admin.web.keys.update(&by, &id, |key| {
        if with_models {
            key.models = models;
        }
        if with_projects {
            key.projects = projects;
        }
        if with_addresses {
            key.addresses = addresses;
        }
        if with_expiry {
            key.expires_at = expires_at;
        }
        // Each was tried when it was read.
        if let Ok(changed) = merge_fields(key, &others) {
            *key = changed;
        }
    });
    json(StatusCode::OK, &changed.await?)
}
