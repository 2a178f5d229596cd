//! A model as the API shows it.

use super::quirks::QuirksJson;
use super::written_price::PriceJson;
use crate::wire::time;
use baton_model::{Capability, Model, ModelId};
use http::HeaderValue;
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A registered model. What the registration leaves out (a price, limits) is shown as the built-in catalogue has it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelView {
    /// What clients ask for.
    #[schema(example = "fast")]
    model_id: String,
    /// The provider that serves it.
    #[schema(example = "groq")]
    provider: String,
    /// What the provider calls it.
    #[schema(example = "llama-3.3-70b-versatile")]
    upstream: String,
    /// What it can do: `CHAT`, `COMPLETION`, `EMBEDDING`, `IMAGE_GENERATION`, `AUDIO_TRANSCRIPTION`,
    /// `AUDIO_TRANSLATION`, `AUDIO_SPEECH`, `RERANK`.
    #[schema(example = json!(["CHAT"]))]
    capabilities: Vec<&'static str>,
    /// `ACTIVE`, `INACTIVE` or `DEPRECATED`.
    #[schema(example = "ACTIVE")]
    status: &'static str,
    /// A name for people.
    display_name: Option<String>,
    /// A sentence for people.
    description: Option<String>,
    /// The largest output, in tokens.
    max_tokens: Option<u64>,
    /// The context window, in tokens: prompt and output together.
    token_limit: Option<u64>,
    /// Dollars per million units, by class (`input`, `output`, `cache_read` …), in exact decimals; null: unpriced.
    #[schema(value_type = Option<Object>, example = json!({"input": 0.59, "output": 0.79}))]
    price: Option<PriceJson>,
    /// Models to try in its place when it fails, in order.
    fallbacks: Vec<String>,
    /// Defaults for requests, as fields of OpenAI's chat format.
    #[schema(value_type = Object)]
    configuration: IndexMap<String, Box<RawValue>>,
    /// Whatever the operator keeps with it.
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    /// How it differs from others of its format.
    quirks: QuirksJson,
    /// The tokenizer that counts for it; null: chosen by its upstream name.
    tokenizer: Option<String>,
    /// Where the registration comes from: `config`, `api` or `discovered`.
    #[schema(example = "api")]
    source: &'static str,
    /// When it was registered.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&Model> for ModelView {
    fn from(model: &Model) -> Self {
        let raw = |json: &str| RawValue::from_string(json.to_owned());
        Self {
            model_id: model.id.to_string(),
            provider: model.provider.to_string(),
            upstream: model.upstream.clone(),
            capabilities: model.capabilities.iter().copied().map(Capability::name).collect(),
            status: model.status.name(),
            display_name: model.display_name.clone(),
            description: model.description.clone(),
            max_tokens: model.max_tokens,
            token_limit: model.token_limit,
            price: model.price.as_ref().map(PriceJson::from),
            fallbacks: model.fallbacks.iter().map(ModelId::to_string).collect(),
            configuration: model
                .configuration
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), raw(&value.0).ok()?)))
                .collect(),
            metadata: raw(&model.metadata.0).or_else(|_| raw("{}")).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            quirks: QuirksJson::from(&model.quirks),
            tokenizer: model.tokenizer.clone(),
            source: model.source.name(),
            created_at: time::write(model.created_at),
            updated_at: time::write(model.updated_at),
        }
    }
}

/// The model as the API shows it, as text: for events and the audit log.
pub fn text(model: &Model) -> String {
    // Names that are text, and JSON that was read before: it always serialises.
    serde_json::to_string(&ModelView::from(model)).unwrap_or_default()
}

/// The model's version, as `ETag` and `If-Match` say it: the time of its last change.
pub fn etag(model: &Model) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", model.updated_at.0)).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The model's own address.
pub fn location(id: &ModelId) -> HeaderValue {
    let encoded = percent_encoding::utf8_percent_encode(id.as_str(), IN_PATH);
    HeaderValue::from_str(&format!("{}{encoded}", super::address::PREFIX)).unwrap_or(HeaderValue::from_static(""))
}

/// What stands in a path only encoded; `/` among it, so that `a/health` is never taken for a view of `a`.
const IN_PATH: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');
