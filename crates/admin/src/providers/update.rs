//! `PUT /api/providers/{name}`.

use super::get::view;
use super::input::{self, ProviderBody};
use super::view::ProviderView;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::{Path, State};
use baton_control::providers::ProviderSecrets;
use baton_model::ProviderId;
use http::StatusCode;

/// Changes the given fields, with immediate effect; null resets a field.
#[utoipa::path(put, path = "/api/providers/{name}", tag = "providers", params(("name" = String, Path)),
    request_body = ProviderBody, responses(
        (status = 200, description = "Changed", body = ProviderView),
        (status = 400, description = "The body has no field to change", body = ErrorBody),
        (status = 404, description = "The provider does not exist", body = ErrorBody),
        (status = 409, description = "It is defined in the configuration file, or someone else changed it", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
    )
)]
pub async fn update(
    State(admin): State<Admin>,
    Administrator(by): Administrator,
    Path(name): Path<String>,
    mut fields: JsonFields,
) -> ApiResult {
    let name = ProviderId::from(name);
    // First: one of the configuration is refused, whatever the body says.
    let before = admin.providers.find_stored(&name).await?;
    let mut faults = Faults::default();
    let changes = input::read(&mut fields, &mut faults);
    if fields.text("name", &mut faults).is_some_and(|given| given != name.as_str()) {
        faults.add("name", "can't be changed; register another provider and remove this one");
    }
    fields.finish(&mut faults);
    faults.check()?;
    changes.require(&["name"])?;
    let mut after = before.clone();
    // Secrets that can't be opened are lost already: then a new key is the way out, not an obstacle.
    let opened = ProviderSecrets::open(&before, admin.providers.keyring());
    let sealed = opened.unwrap_or_else(|_| ProviderSecrets::read_unsealed(&before));
    input::apply(&changes, &mut after, sealed, admin.providers.keyring())?;
    // `before` goes along: the store refuses the update if the row has changed since it was read.
    let after = admin.providers.update(&by, &before, after).await?;
    json(StatusCode::OK, &view(&admin, &name, Some(&after)))
}
