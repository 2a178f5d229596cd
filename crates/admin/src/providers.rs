//! `GET /api/providers`.

use crate::Admin;
use crate::wire::access::Viewer;
use crate::wire::answer::{Answer, json};
use crate::wire::page::{Page, Paging};
use crate::wire::params::Params;
use axum::extract::State;
use baton_engine::{Circuit, Engine, Snapshot};
use baton_model::{Capability, ModelId, ProviderId};
use baton_provider::Provider;
use http::{StatusCode, Uri};
use serde::Serialize;
use utoipa::ToSchema;

/// A configured provider. Its address and keys stay with the operator.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderView {
    /// Its name in the configuration.
    #[schema(example = "groq")]
    name: String,
    /// The format that it speaks: `openai`, `anthropic` or `ollama`.
    #[schema(example = "openai")]
    kind: &'static str,
    /// What it can be asked.
    #[schema(example = json!(["CHAT", "COMPLETION"]))]
    capabilities: Vec<&'static str>,
    /// How many models are registered with it.
    models: u64,
    /// The model for requests that name only the provider.
    default_model: Option<String>,
    /// How its models fare on this node.
    circuits: CircuitsView,
}

/// How many models are in which state.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct CircuitsView {
    /// They are tried in their turn.
    closed: u64,
    /// The next request decides.
    half_open: u64,
    /// They are tried only when all others have failed.
    open: u64,
}

/// Lists the configured providers, by name.
#[utoipa::path(get, path = "/api/providers", tag = "providers", params(
    ("page" = Option<u64>, Query, description = "From 1; by default 1"),
    ("page_size" = Option<u64>, Query, description = "1 to 100; by default 20"),
), responses((status = 200, description = "A page of providers", body = Page<ProviderView>)))]
pub async fn list(State(admin): State<Admin>, _: Viewer, uri: Uri) -> Answer {
    let mut params = Params::read(&uri)?;
    let paging = Paging::take(&mut params);
    params.finish()?;
    let snapshot = admin.doors.engine.registry().snapshot();
    let providers = snapshot.providers.iter();
    let views = providers.map(|(id, provider)| view(&admin.doors.engine, &snapshot, id, &**provider));
    json(StatusCode::OK, &paging.cut(views))
}

fn view(engine: &Engine, snapshot: &Snapshot, id: &ProviderId, provider: &dyn Provider) -> ProviderView {
    let mut circuits = CircuitsView::default();
    for model in snapshot.models.values().filter(|model| model.provider == *id) {
        match engine.health().circuit(&model.id) {
            Circuit::Closed => circuits.closed += 1,
            Circuit::HalfOpen => circuits.half_open += 1,
            Circuit::Open => circuits.open += 1,
        }
    }
    ProviderView {
        name: id.to_string(),
        kind: provider.kind(),
        capabilities: Capability::ALL
            .into_iter()
            .filter(|capability| provider.dialect(*capability).is_some())
            .map(Capability::name)
            .collect(),
        models: circuits.closed + circuits.half_open + circuits.open,
        default_model: snapshot.default_models.get(id).map(ModelId::to_string),
        circuits,
    }
}
