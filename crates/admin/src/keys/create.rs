//! `POST /api/keys`.

use super::input;
use super::view::{KeyView, NewKeyView, location};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::answer::{Answer, json};
use crate::wire::faults::Faults;
use crate::wire::fields::{Fields, brief};
use axum::extract::State;
use baton_auth::{NewKey, Secret};
use baton_model::Timestamp;
use baton_model::entity::Role;
use baton_store::ApiKey;
use http::header::{CACHE_CONTROL, LOCATION};
use http::{HeaderValue, StatusCode};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::Deserialize;
use utoipa::ToSchema;

/// What a new key shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "the schema of what `Fields` reads")]
pub struct KeyBody {
    /// A name for people.
    #[schema(example = "team-a")]
    name: String,
    /// `admin`, `operator`, `viewer` or `caller`; by default `caller`.
    role: Option<String>,
    /// The project that its requests are booked on.
    project_id: Option<String>,
    /// The user that its requests are booked on.
    user_id: Option<String>,
    /// The models it may use; by default all.
    models: Option<Vec<String>>,
    /// The networks it may be used from (`10.0.0.0/8`); by default any.
    addresses: Option<Vec<String>>,
    /// Whether its requests are refused where something in them can't be said to the model, instead of being told of it in
    /// `x-baton-warning`; by default false.
    strict: Option<bool>,
    /// From when on it is refused; by default never.
    expires_at: Option<String>,
}

/// Makes a key. The answer is the only one that ever shows it.
#[utoipa::path(post, path = "/api/keys", tag = "keys", request_body = KeyBody, responses(
    (status = 201, description = "Made; `key` is shown this once", body = NewKeyView),
    (status = 403, description = "Only an admin makes keys", body = ErrorBody),
    (status = 422, description = "Fields are wrong: `details.errors` names each", body = ErrorBody),
))]
pub async fn create(State(admin): State<Admin>, Administrator(by): Administrator, mut fields: Fields) -> Answer {
    let mut faults = Faults::default();
    let new = read(&mut fields, admin.web.engine.clock().now(), &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    // A key is a secret, so its randomness comes from the system, whatever seeds the rest.
    let made = admin.web.keys.create(&by, new, &mut StdRng::from_os_rng()).await;
    let (key, secret) = made?;
    let mut response = shown_once(StatusCode::CREATED, &key, &secret)?;
    if let Ok(location) = HeaderValue::from_str(&location(&key.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// The one answer that shows a key.
pub fn shown_once(status: StatusCode, key: &ApiKey, secret: &Secret) -> Answer {
    let view = NewKeyView { key: secret.reveal().to_owned(), kept: KeyView::from(key) };
    let mut response = json(status, &view)?;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn read(fields: &mut Fields, now: Timestamp, faults: &mut Faults) -> NewKey {
    if fields.raw("name").is_none_or(|text| text == "null") {
        faults.add("name", "is required: a name for people");
    }
    NewKey {
        name: fields.text("name", faults).unwrap_or_default(),
        role: role(fields, faults),
        project: fields.text("project_id", faults),
        user: fields.text("user_id", faults),
        models: input::models(fields, faults),
        addresses: input::addresses(fields, faults),
        strict: input::strict(fields, faults).unwrap_or(false),
        expires_at: input::expiry(fields, now, faults),
    }
}

fn role(fields: &mut Fields, faults: &mut Faults) -> Role {
    let known = Role::ALL.map(Role::name).join(", ");
    let Some(name) = fields.take::<String>("role", &format!("one of {known}"), faults).flatten() else {
        return Role::Caller;
    };
    Role::lookup(&name).unwrap_or_else(|| {
        faults.add("role", format!("`{}` is none of {known}", brief(&name)));
        Role::Caller
    })
}
