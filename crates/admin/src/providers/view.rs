//! A provider as the API shows it: never its key, never the value of a header or of a parameter.

use baton_control::providers::RegistrationView;
use baton_engine::{Circuit, Engine, Snapshot};
use baton_model::{Capability, ModelId, ProviderId};
use baton_provider_api::Provider;
use baton_store::RegisteredProvider;
use serde::Serialize;
use utoipa::ToSchema;

/// A provider. The address and key of a provider in the configuration are not shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderView {
    /// Its name.
    #[schema(example = "groq")]
    name: String,
    /// The format of its API (`openai`, `anthropic`, `ollama`); for a registered provider, its kind.
    #[schema(example = "openai")]
    kind: String,
    /// `config` or `api`.
    #[schema(example = "config")]
    source: &'static str,
    /// Its capabilities.
    #[schema(example = json!(["CHAT", "COMPLETION"]))]
    capabilities: Vec<&'static str>,
    /// The number of its registered models.
    models: u64,
    /// The model for requests that name only the provider.
    default_model: Option<String>,
    /// The health of its models on this node.
    circuits: CircuitsView,
    /// Why it can't be used; null: it can.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// Its registration, if it was registered over the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<RegistrationView>,
}

/// The number of models in each state of their circuit.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct CircuitsView {
    /// Models that are tried normally.
    closed: u64,
    /// Models that the next request tries.
    half_open: u64,
    /// Models that are tried only when all others have failed.
    open: u64,
}

impl ProviderView {
    /// A provider that is in force, or a registered one that is not.
    pub fn new(
        engine: &Engine,
        snapshot: &Snapshot,
        id: &ProviderId,
        row: Option<&RegisteredProvider>,
        fault: Option<String>,
    ) -> Self {
        let provider = snapshot.providers.get(id);
        let mut circuits = CircuitsView::default();
        for model in snapshot.models.values().filter(|model| model.provider == *id) {
            match engine.health().circuit(model) {
                Circuit::Closed => circuits.closed += 1,
                Circuit::HalfOpen => circuits.half_open += 1,
                Circuit::Open => circuits.open += 1,
            }
        }
        let kind = row.map(|row| row.kind.clone()).or_else(|| provider.map(|provider| provider.kind().to_owned()));
        Self {
            name: id.to_string(),
            kind: kind.unwrap_or_default(),
            source: if row.is_some() { "api" } else { "config" },
            capabilities: provider.map(|provider| capabilities(&**provider)).unwrap_or_default(),
            models: circuits.closed + circuits.half_open + circuits.open,
            default_model: snapshot.default_models.get(id).map(ModelId::to_string),
            circuits,
            fault,
            registration: row.map(RegistrationView::from),
        }
    }
}

fn capabilities(provider: &dyn Provider) -> Vec<&'static str> {
    let all = Capability::ALL.into_iter();
    all.filter(|capability| provider.serves(*capability)).map(Capability::name).collect()
}

/// The address of a provider.
pub fn location(name: &ProviderId) -> String {
    format!("/api/providers/{name}")
}
