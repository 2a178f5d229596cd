//! The things that are registered: models, and those who call them.

mod caller;
mod holding;
mod kept_response;
mod quirks;

pub use caller::{Actor, Caller, Role};
pub use holding::{Holding, HoldingKind, Owner};
pub use kept_response::KeptResponse;
pub use quirks::{ChatApi, MaxTokensField, Quirks, ReasoningStyle};

use crate::capability::Capability;
use crate::chat::Json;
use crate::clock::Timestamp;
use crate::id::{ModelId, ProviderId};
use crate::price::Price;

/// A model that clients can ask for.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// What clients ask for.
    pub id: ModelId,
    /// The provider that serves it.
    pub provider: ProviderId,
    /// What the provider calls it.
    pub upstream: String,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// Whether it is offered.
    pub status: ModelStatus,
    /// A name for people.
    pub display_name: Option<String>,
    /// A sentence for people.
    pub description: Option<String>,
    /// The largest output, in tokens.
    pub max_tokens: Option<u64>,
    /// The context window, in tokens: prompt and output together.
    pub token_limit: Option<u64>,
    /// What it costs; `None`: unpriced.
    pub price: Option<Price>,
    /// Models to try in its place when it fails, in order.
    pub fallbacks: Vec<ModelId>,
    /// Defaults for requests: fields of OpenAI's chat format, put in where the request has none.
    pub configuration: Vec<(String, Json)>,
    /// Whatever the operator keeps with it; a JSON object.
    pub metadata: Json,
    /// Where the registration comes from.
    pub source: ModelSource,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// How it differs from others of its format.
    pub quirks: Quirks,
    /// The tokenizer that counts for it (`o200k`, `cl100k`, or an estimating family's name); `None`: chosen by name.
    pub tokenizer: Option<String>,
}

/// Whether a model is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ModelStatus {
    /// Yes.
    #[default]
    Active,
    /// No: requests for it get 404, as fallback it is passed over.
    Inactive,
    /// Yes, with a warning header.
    Deprecated,
}

impl ModelStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Deprecated];

    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Deprecated => "DEPRECATED",
        }
    }

    /// The status of that word, in any case.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(name))
    }
}

/// Where a registration comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModelSource {
    /// The configuration file or environment; read-only over the API.
    Config,
    /// The management API.
    Api,
    /// The provider's own list.
    Discovered,
}

impl ModelSource {
    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Api => "api",
            Self::Discovered => "discovered",
        }
    }

    /// The source of that word.
    pub fn lookup(name: &str) -> Option<Self> {
        [Self::Config, Self::Api, Self::Discovered].into_iter().find(|source| source.name() == name)
    }
}
