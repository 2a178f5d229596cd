//! A provider as the API shows it: never its key, never the value of a header or of a parameter.

use baton_control::providers::RegistrationView;
use baton_engine::{Circuit, Engine, Snapshot};
use baton_model::{Capability, ModelId, ProviderId};
use baton_provider_api::Provider;
use baton_store::RegisteredProvider;
use serde::Serialize;
use utoipa::ToSchema;

/// A provider. Of those in the configuration, address and key stay with the operator.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderView {
    /// Its name.
    #[schema(example = "groq")]
    name: String,
    /// The format that it speaks (`openai`, `anthropic`, `ollama`), or, of a registered one, the kind it was registered as.
    #[schema(example = "openai")]
    kind: String,
    /// `config` or `api`.
    #[schema(example = "config")]
    source: &'static str,
    /// Its capabilities.
    #[schema(example = json!(["CHAT", "COMPLETION"]))]
    capabilities: Vec<&'static str>,
    /// How many models are registered with it.
    models: u64,
    /// The model for requests that name only the provider.
    default_model: Option<String>,
    /// The health of its models on this node.
    circuits: CircuitsView,
    /// Why it is not in force, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// How it was registered, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    registration: Option<RegistrationView>,
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
