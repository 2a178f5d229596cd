//! `PUT /api/keys/{id}`.

use super::input;
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
use std::sync::Arc;
use utoipa::ToSchema;

/// What can be changed of a key; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "the schema of what `Fields` reads")]
pub struct KeyChange {
    /// A name for people.
    name: Option<String>,
    /// The models it may use; null: all.
    models: Option<Vec<String>>,
    /// The networks it may be used from; null: any.
    addresses: Option<Vec<String>>,
    /// Whether its requests are refused where something in them can't be said to the model.
    strict: Option<bool>,
    /// From when on it is refused; null: never.
    expires_at: Option<String>,
}

/// Changes a key, in force at once. Its role, project and user stay as they were made: make another key for others.
#[utoipa::path(put, path = "/api/keys/{id}", tag = "keys", params(("id" = String, Path)), request_body = KeyChange,
    responses(
        (status = 200, description = "Changed", body = KeyView),
        (status = 400, description = "No field is given", body = ErrorBody),
        (status = 404, description = "There is no such key", body = ErrorBody),
        (status = 422, description = "Fields are wrong: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn update(
    State(admin): State<Admin>,
    Administrator(by): Administrator,
    Path(id): Path<String>,
    mut fields: Fields,
) -> Answer {
    let mut faults = Faults::default();
    let given = ["models", "addresses", "expires_at"].map(|field| fields.raw(field).is_some());
    let name = fields.text("name", &mut faults);
    let models = input::models(&mut fields, &mut faults);
    let addresses = input::addresses(&mut fields, &mut faults);
    let strict = input::strict(&mut fields, &mut faults);
    let expires_at = input::expiry(&mut fields, admin.web.engine.clock().now(), &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    if name.is_none() && strict.is_none() && !given.contains(&true) {
        let message = "the body names no field to change: name, models, addresses, strict, expires_at";
        return Err(PublicError::new(Code::InvalidRequest, message).into());
    }
    let [with_models, with_addresses, with_expiry] = given;
    let id = KeyId::from(id);
    let changed = admin.web.keys.update(&by, &id, |key| {
        if let Some(name) = name {
            key.name = name;
        }
        if with_models {
            key.models = models.map(Arc::from);
        }
        if with_addresses {
            key.addresses = addresses.map(|networks| networks.iter().map(ToString::to_string).collect());
        }
        key.strict = strict.unwrap_or(key.strict);
        if with_expiry {
            key.expires_at = expires_at;
        }
    });
    json(StatusCode::OK, &KeyView::from(&changed.await?))
}
