//! `POST /api/keys`.

use super::input::{self, KeyBody};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_auth::KeySecret;
use baton_model::ApiKey;
use baton_model::entity::Role;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderValue, StatusCode};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Serialize;
use utoipa::ToSchema;

/// A new key. This is the only response that shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewKeyView {
    /// The key itself, shown only once.
    #[schema(example = "bt-x7Kq2m…")]
    key: String,
    /// The stored key.
    #[serde(flatten)]
    kept: ApiKey,
}

/// Creates a key. Only this response shows it.
#[utoipa::path(post, path = "/api/keys", tag = "keys", request_body = KeyBody, responses(
    (status = 201, description = "Created; `key` is shown only once", body = NewKeyView),
    (status = 403, description = "The key is not an admin's", body = ErrorBody),
    (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
))]
pub async fn create(State(admin): State<Admin>, Administrator(by): Administrator, mut fields: JsonFields) -> ApiResult {
    let mut faults = Faults::default();
    fields.require("name", "a name for people", &mut faults);
    let mut new = ApiKey::new("", Role::Caller);
    input::read(&mut fields, &[], admin.web.engine.clock().now(), &mut faults).apply(&mut new);
    // After all fields, because it depends on role and project.
    input::check_scope(&new, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    // A key is a secret, so its randomness comes from the system, whatever seeds the rest.
    let made = admin.web.keys.create(&by, new, &mut StdRng::from_os_rng()).await;
    let (key, secret) = made?;
    let mut response = reply_with_secret(StatusCode::CREATED, &key, &secret)?;
    if let Ok(location) = HeaderValue::from_str(&format!("/api/keys/{}", key.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// The only reply that shows a key.
pub fn reply_with_secret(status: StatusCode, key: &ApiKey, secret: &KeySecret) -> ApiResult {
    let view = NewKeyView { key: secret.reveal().to_owned(), kept: key.clone() };
    let mut response = json(status, &view)?;
    // The secret is shown this once. No cache on the way may keep it.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
