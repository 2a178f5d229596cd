//! `GET /api/models`.

use super::address::{hide_fallbacks, may_see};
use super::input::{known_capabilities, known_statuses};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Anyone;
use crate::wire::page::{Page, Paging};
use crate::wire::params::QueryParams;
use crate::wire::response::ApiResult;
use axum::extract::State;
use baton_model::{Capability, Model, ModelId, ModelSource, ModelStatus};
use http::Uri;
use std::collections::BTreeMap;

/// Lists the models that the caller may use, by id.
#[utoipa::path(get, path = "/api/models", tag = "models", params(
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
    ("provider" = Option<String>, Query, description = "Only models of this provider"),
    ("capability" = Option<String>, Query, description = "Only models with this capability, such as `CHAT`"),
    ("status" = Option<String>, Query, description = "`ACTIVE`, `INACTIVE` or `DEPRECATED`"),
    ("search" = Option<String>, Query, description = "Only models whose name or description contains it"),
    ("registered" = Option<bool>, Query, description = "As they were registered: without what is filled in from the catalogue"),
), responses(
    (status = 200, description = "A page of models", body = Page<Model>),
    (status = 422, description = "A parameter is invalid", body = ErrorBody),
))]
pub async fn list(State(admin): State<Admin>, Anyone(caller): Anyone, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let paging = Paging::take(&mut params);
    let wanted = ModelSelector::take(&mut params);
    let as_registered = params.flag("registered");
    params.finish()?;
    // Of the database, because the snapshot has models as they are used. One in the configuration is only there.
    let stored = if as_registered { admin.store.models().list().await? } else { Vec::new() };
    let stored: BTreeMap<&ModelId, &Model> = stored.iter().map(|model| (&model.id, model)).collect();
    let snapshot = admin.web.engine.registry().snapshot();
    let models: Vec<&Model> = snapshot
        .models
        .values()
        .map(|model| &**model)
        // Before the page is cut: neither it nor the total may tell of models that the caller does not see.
        .filter(|model| may_see(&caller, model) && wanted.has(model))
        .collect();
    // A model of the configuration hides a stored one of the same name.
    let stored = |model: &Model| stored.get(&model.id).copied().filter(|_| model.source != ModelSource::Config);
    let said = |model| stored(model).unwrap_or(model);
    paging.cut_page(models.into_iter().map(|model| hide_fallbacks(&snapshot, &caller, said(model)))).to_response()
}

/// Which models are wanted; each that is set narrows it.
struct ModelSelector {
    provider: Option<String>,
    capability: Option<Capability>,
    status: Option<ModelStatus>,
    search: Option<String>,
}

impl ModelSelector {
    fn take(params: &mut QueryParams) -> Self {
        Self {
            provider: params.take("provider"),
            capability: params.parse("capability", &known_capabilities(), Capability::lookup),
            status: params.parse("status", &known_statuses(), ModelStatus::lookup),
            search: params.take("search").map(|text| text.to_lowercase()),
        }
    }

    fn has(&self, model: &Model) -> bool {
        self.provider.as_ref().is_none_or(|provider| model.provider.as_str().eq_ignore_ascii_case(provider))
            && self.capability.is_none_or(|capability| model.capabilities.contains(&capability))
            && self.status.is_none_or(|status| model.status == status)
            && self.search.as_ref().is_none_or(|text| mentions_text(model, text))
    }
}

/// Whether the text, in small letters, stands in one of the model's names or its description.
fn mentions_text(model: &Model, text: &str) -> bool {
    let texts =
        [Some(model.id.as_str()), Some(&model.upstream), model.display_name.as_deref(), model.description.as_deref()];
    texts.into_iter().flatten().any(|candidate| candidate.to_lowercase().contains(text))
}
