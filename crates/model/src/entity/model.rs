//! A model that clients can ask for. To add a field: a line in the struct and one in [`Model::new`]. The API, events and the
//! configuration have it then, and the database keeps it in the column `more`.

use super::Quirks;
use crate::capability::Capability;
use crate::chat::Json;
use crate::clock::Timestamp;
use crate::id::{ModelId, ProviderId};
use crate::price::Price;

/// A registered model. Fields without a value in the registration (a price, limits) are shown from the built-in
/// catalogue.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema, schemars::JsonSchema),
    schema(as = ModelView)
)]
pub struct Model {
    /// The name that clients use.
    #[cfg_attr(
        feature = "schema",
        serde(rename = "model_id"),
        schema(value_type = String, example = "fast"),
        schemars(with = "String")
    )]
    pub id: ModelId,
    /// The provider that serves it.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "groq"), schemars(with = "String"))]
    pub provider: ProviderId,
    /// The provider's name for it; by default the same as `model_id`.
    #[cfg_attr(feature = "schema", schema(example = "llama-3.3-70b-versatile"))]
    pub upstream: String,
    /// Its capabilities: `CHAT`, `COMPLETION`, `EMBEDDING`, `IMAGE_GENERATION`, `AUDIO_TRANSCRIPTION`,
    /// `AUDIO_TRANSLATION`, `AUDIO_SPEECH`, `RERANK`, `MODERATION`; by default what the catalogue says, else `CHAT`.
    #[cfg_attr(
        feature = "schema",
        schema(value_type = Vec<String>, example = json!(["CHAT"])),
        schemars(with = "Vec<String>")
    )]
    pub capabilities: Vec<Capability>,
    /// `ACTIVE`, `INACTIVE` or `DEPRECATED`.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "ACTIVE"), schemars(with = "String"))]
    pub status: ModelStatus,
    /// A display name.
    pub display_name: Option<String>,
    /// A description for people.
    pub description: Option<String>,
    /// The largest output, in tokens; by default the catalogue's.
    pub max_tokens: Option<u64>,
    /// The context window, in tokens: prompt and output together; by default the catalogue's.
    pub token_limit: Option<u64>,
    /// Dollars per million units, by class (`input`, `output`, `cache_read` …), in exact decimals; by default the
    /// catalogue's price of the vendor's own models, else null: unpriced.
    #[cfg_attr(feature = "schema", schema(value_type = Option<Object>, example = json!({"input": 0.59, "output": 0.79})))]
    pub price: Option<Price>,
    /// Models to try in its place when it fails, in order.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<String>), schemars(with = "Vec<String>"))]
    pub fallbacks: Vec<ModelId>,
    /// Defaults for requests, as fields of OpenAI's chat format (`temperature`, `max_completion_tokens` …), put in where the
    /// request has none.
    #[cfg_attr(
        feature = "schema",
        serde(with = "crate::schema::json::members"),
        schema(value_type = Object),
        schemars(with = "serde_json::Map<String, serde_json::Value>")
    )]
    pub configuration: Vec<(String, Json)>,
    /// The operator's own metadata; a JSON object.
    #[cfg_attr(
        feature = "schema",
        serde(with = "crate::schema::json"),
        schema(value_type = Object),
        schemars(with = "serde_json::Map<String, serde_json::Value>")
    )]
    pub metadata: Json,
    /// How it differs from others of its format.
    pub quirks: Quirks,
    /// The tokenizer that counts for it: `o200k`, `cl100k`, or an estimating family (`claude`, `claude-new`); null: chosen
    /// by its upstream name.
    pub tokenizer: Option<String>,
    /// Where the registration comes from: `config`, `api` or `discovered`.
    #[cfg_attr(
        feature = "schema",
        schema(value_type = String, example = "api", read_only),
        schemars(with = "String", extend("readOnly" = true))
    )]
    pub source: ModelSource,
    /// When it was registered.
    #[cfg_attr(
        feature = "schema",
        schema(value_type = String, format = DateTime, read_only),
        schemars(with = "String", extend("readOnly" = true))
    )]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[cfg_attr(
        feature = "schema",
        schema(value_type = String, format = DateTime, read_only),
        schemars(with = "String", extend("readOnly" = true))
    )]
    pub updated_at: Timestamp,
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
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Config, Self::Api, Self::Discovered];

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
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

// === impl Model ===

impl Model {
    /// A model of which nothing more is said, registered over the API at the beginning of time.
    pub fn new(id: impl Into<ModelId>, provider: impl Into<ProviderId>) -> Self {
        let id = id.into();
        Self {
            upstream: id.to_string(),
            id,
            provider: provider.into(),
            capabilities: Vec::new(),
            status: ModelStatus::Active,
            display_name: None,
            description: None,
            max_tokens: None,
            token_limit: None,
            price: None,
            fallbacks: Vec::new(),
            configuration: Vec::new(),
            metadata: Json("{}".into()),
            quirks: Quirks::default(),
            tokenizer: None,
            source: ModelSource::Api,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }
}

#[cfg(feature = "schema")]
impl crate::schema::RegisteredSchema for Model {}
