//! `POST /api/keys`.

use super::creator;
use super::input::{self, KeyBody};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Acting;
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

/// Creates a key. Only this response shows it. An admin creates any; the operators and members of a project create keys of
/// it where the project says so (`key_creation`). What a body leaves out, a key of a project has of its `key_template`.
#[utoipa::path(post, path = "/api/keys", tag = "keys", request_body = KeyBody, responses(
    (status = 201, description = "Created; `key` is shown only once", body = NewKeyView),
    (status = 403, description = "The caller may not create such a key", body = ErrorBody),
    (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
))]
pub async fn create(State(admin): State<Admin>, acting: Acting, mut fields: JsonFields) -> ApiResult {
    let (creator, own) = creator::of(&admin, &acting.caller).await?;
    let now = admin.web.engine.clock().now();
    let mut faults = Faults::default();
    fields.require("name", "a name for people", &mut faults);
    let mut new = ApiKey::new("", Role::Caller);
    let changes = input::read(&mut fields, &[], now, &mut faults);
    changes.apply(&mut new);
    // After all fields, because it depends on role and project.
    input::check_scope(&new, &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    creator::check_fields(&creator, &changes)?;
    creator.bind(&mut new)?;
    let project = match own {
        Some(own) => Some(own),
        None => creator::project_of(&admin, &new).await?,
    };
    creator.fill(&mut new, project.as_ref(), |field| changes.says(field), now);
    // A key is a secret, so its randomness comes from the system, whatever seeds the rest.
    let made = admin.web.keys.create(&acting.by, new, &mut StdRng::from_os_rng()).await;
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
