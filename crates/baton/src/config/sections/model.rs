//! `[[models]]`.

use baton_model::chat::Json;
use baton_model::price::Rates;
use baton_model::{Capability, Model, ModelId, ModelSource, ModelStatus, Nanos, Price, Quirks, Timestamp, UsageClass};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A model.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelSection {
    /// The name that clients use.
    pub model_id: String,
    /// The provider that serves it.
    pub provider: String,
    /// The provider's name for it; by default the same as `model_id`.
    #[serde(default)]
    pub upstream: Option<String>,
    /// Its capabilities: `CHAT`, `COMPLETION`, `EMBEDDING`, `IMAGE_GENERATION`, `AUDIO_TRANSCRIPTION`,
    /// `AUDIO_TRANSLATION`, `AUDIO_SPEECH`, `RERANK`, `MODERATION`. By default those of the built-in catalogue, else
    /// `CHAT`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// `ACTIVE`, `INACTIVE` or `DEPRECATED`.
    #[serde(default)]
    pub status: Option<String>,
    /// A display name.
    #[serde(default)]
    pub display_name: Option<String>,
    /// A description for people.
    #[serde(default)]
    pub description: Option<String>,
    /// The context window, in tokens; by default the catalogue's.
    #[serde(default)]
    pub token_limit: Option<u64>,
    /// The largest output, in tokens; by default the catalogue's.
    #[serde(default)]
    pub max_tokens: Option<u64>,
    /// What it costs; by default the catalogue's price for models of the vendor itself, else unpriced.
    #[serde(default)]
    pub price: Option<PriceSection>,
    /// Models to try when it fails, in order.
    #[serde(default)]
    pub fallbacks: Vec<String>,
    /// Defaults for requests, as fields of OpenAI's chat format (`temperature`, `max_completion_tokens` …).
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub configuration: BTreeMap<String, serde_json::Value>,
    /// Metadata of your own.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub metadata: BTreeMap<String, serde_json::Value>,
    /// The tokenizer that counts its tokens: `o200k`, `cl100k`, or an estimating family (`claude`, `claude-new`).
    #[serde(default)]
    pub tokenizer: Option<String>,
    /// How it differs from others of its format.
    #[serde(default)]
    pub quirks: Quirks,
}

/// Dollars per million tokens, as decimal strings (`"0.59"`). `images` and `web_searches` are per million pieces,
/// `audio_ms` per million milliseconds, `characters` per million characters.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PriceSection {
    /// Text read.
    pub input: Option<String>,
    /// Text produced.
    pub output: Option<String>,
    /// Read from the provider's prompt cache; by default as input.
    pub cache_read: Option<String>,
    /// Written to the provider's prompt cache; by default as input.
    pub cache_write: Option<String>,
    /// The same, kept for an hour; by default as `cache_write`.
    pub cache_write_1h: Option<String>,
    /// Reasoning; by default as output.
    pub reasoning: Option<String>,
    /// Audio read.
    pub audio_input: Option<String>,
    /// Audio produced.
    pub audio_output: Option<String>,
    /// Images read; by default as input.
    pub image_input: Option<String>,
    /// Images produced, in tokens.
    pub image_output: Option<String>,
    /// Images produced.
    pub images: Option<String>,
    /// Milliseconds of audio input.
    pub audio_ms: Option<String>,
    /// Characters of speech output.
    pub characters: Option<String>,
    /// Web searches.
    pub web_searches: Option<String>,
}

impl PriceSection {
    /// The rates that are given, by the name of their class.
    pub fn entries(&self) -> Vec<(&'static str, &str)> {
        let Self { input, output, cache_read, cache_write, cache_write_1h, reasoning, .. } = self;
        let Self { audio_input, audio_output, image_input, image_output, images, audio_ms, .. } = self;
        let Self { characters, web_searches, .. } = self;
        [
            ("input", input),
            ("output", output),
            ("cache_read", cache_read),
            ("cache_write", cache_write),
            ("cache_write_1h", cache_write_1h),
            ("reasoning", reasoning),
            ("audio_input", audio_input),
            ("audio_output", audio_output),
            ("image_input", image_input),
            ("image_output", image_output),
            ("images", images),
            ("audio_ms", audio_ms),
            ("characters", characters),
            ("web_searches", web_searches),
        ]
        .into_iter()
        .filter_map(|(name, rate)| Some((name, rate.as_deref()?)))
        .collect()
    }

    fn price(&self) -> Price {
        let mut rates = Rates::default();
        for (name, dollars) in self.entries() {
            // `check` has refused what is no class or no price.
            if let (Some(class), Some(rate)) = (UsageClass::lookup(name), Nanos::parse(dollars)) {
                rates.set(class, rate);
            }
        }
        Price { rates, ..Price::default() }
    }
}

impl ModelSection {
    /// As a registration made at start.
    pub fn register(&self, now: Timestamp) -> Model {
        Model {
            upstream: self.upstream.clone().unwrap_or_else(|| self.model_id.clone()),
            capabilities: self.capabilities.iter().filter_map(|name| Capability::lookup(name)).collect(),
            status: self.status.as_deref().and_then(ModelStatus::lookup).unwrap_or_default(),
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            max_tokens: self.max_tokens,
            token_limit: self.token_limit,
            price: self.price.as_ref().map(PriceSection::price),
            fallbacks: self.fallbacks.iter().map(ModelId::from).collect(),
            configuration: self
                .configuration
                .iter()
                .map(|(name, value)| (name.clone(), Json(value.to_string())))
                .collect(),
            metadata: Json(serde_json::to_string(&self.metadata).unwrap_or_else(|_| "{}".into())),
            quirks: self.quirks.clone(),
            tokenizer: self.tokenizer.clone(),
            source: ModelSource::Config,
            created_at: now,
            updated_at: now,
            ..Model::new(self.model_id.as_str(), self.provider.as_str())
        }
    }
}
