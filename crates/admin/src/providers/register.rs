//! `POST /api/providers`.

use super::get::view;
use super::input::{self, ProviderBody};
use super::view::{ProviderView, location};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_control::providers::ProviderSecrets;
use baton_model::chat::Json;
use baton_store::RegisteredProvider;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

/// Registers a provider, with immediate effect. Its key is stored encrypted, and never shown again.
#[utoipa::path(post, path = "/api/providers", tag = "providers", request_body = ProviderBody, responses(
    (status = 201, description = "Registered", body = ProviderView),
    (status = 409, description = "The name is taken", body = ErrorBody),
    (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
))]
pub async fn register(
    State(admin): State<Admin>,
    Administrator(by): Administrator,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    fields.require("name", "the name that models and requests refer to", &mut faults);
    let changes = input::read(&mut fields, &mut faults);
    let name = input::read_new_name(&mut fields, &mut faults);
    fields.require("kind", "`openai`, `anthropic`, `ollama`, or a preset", &mut faults);
    fields.finish(&mut faults);
    faults.check()?;
    let now = admin.web.engine.clock().now();
    let mut row = RegisteredProvider {
        name,
        // All but the name is among the changes.
        kind: String::new(),
        base_url: None,
        sealed_key: None,
        settings: Json("{}".into()),
        created_at: now,
        updated_at: now,
    };
    input::apply(&changes, &mut row, ProviderSecrets::default(), admin.providers.keyring())?;
    let row = admin.providers.register(&by, row).await?;
    let mut response = json(StatusCode::CREATED, &view(&admin, &row.name, Some(&row)))?;
    if let Ok(location) = HeaderValue::from_str(&location(&row.name)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}
