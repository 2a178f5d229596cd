//! The models of a service in OpenAI's format: `GET /models`.
//!
//! OpenAI itself says only names. The others add what they like; each field cites who sends it.

use crate::client::ProviderClient;
use crate::presets::PathStyle;
use baton_model::{Capability, Dialect};
use baton_provider_api::{DiscoveredModel, ProviderError};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(untagged)]
enum List {
    Wrapped {
        data: Vec<Entry>,
    },
    /// Together.
    Bare(Vec<Entry>),
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    /// OpenRouter, Mistral.
    #[serde(default)]
    name: Option<String>,
    /// Together, NVIDIA.
    #[serde(default)]
    display_name: Option<String>,
    /// OpenRouter, Together, Fireworks.
    #[serde(default)]
    context_length: Option<u64>,
    /// Groq.
    #[serde(default)]
    context_window: Option<u64>,
    /// Mistral.
    #[serde(default)]
    max_context_length: Option<u64>,
    /// vLLM, SGLang.
    #[serde(default)]
    max_model_len: Option<u64>,
    /// llama.cpp.
    #[serde(default)]
    meta: Option<Meta>,
    /// Groq.
    #[serde(default)]
    max_completion_tokens: Option<u64>,
    /// OpenRouter.
    #[serde(default)]
    top_provider: Option<TopProvider>,
    /// OpenRouter: `reasoning` among them if it reasons.
    #[serde(default)]
    supported_parameters: Option<Vec<String>>,
    /// Together: `chat`, `language`, `embedding`, `image`, `transcribe`, `audio`.
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    n_ctx: Option<u64>,
    #[serde(default)]
    n_ctx_train: Option<u64>,
}

#[derive(Deserialize)]
struct TopProvider {
    #[serde(default)]
    max_completion_tokens: Option<u64>,
}

pub(super) async fn discover(client: &ProviderClient, paths: PathStyle) -> Result<Vec<DiscoveredModel>, ProviderError> {
    let path = match paths {
        PathStyle::Plain => "/models",
        PathStyle::Deployments => "/openai/models",
    };
    let list = client.json(Dialect::OpenAi, path, None, None, &[]).await?;
    let (List::Wrapped { data } | List::Bare(data)) = list;
    Ok(data.into_iter().map(Entry::model).collect())
}

impl Entry {
    fn model(self) -> DiscoveredModel {
        let meta = self.meta.as_ref();
        DiscoveredModel {
            capabilities: self.kind.as_deref().map(capabilities).unwrap_or_default(),
            token_limit: self
                .context_length
                .or(self.context_window)
                .or(self.max_context_length)
                .or(self.max_model_len)
                // `n_ctx` is what the server was started with; the model itself may have been trained for more.
                .or(meta.and_then(|meta| meta.n_ctx.or(meta.n_ctx_train))),
            max_tokens: self.max_completion_tokens.or(self.top_provider.and_then(|top| top.max_completion_tokens)),
            reasoning: self.supported_parameters.map(|names| names.iter().any(|name| name == "reasoning")),
            // Some services repeat the id here.
            display_name: self.display_name.or(self.name).filter(|name| *name != self.id),
            upstream: self.id,
        }
    }
}

fn capabilities(kind: &str) -> Vec<Capability> {
    match kind {
        "chat" => vec![Capability::Chat, Capability::Completion],
        "language" | "code" => vec![Capability::Completion],
        "embedding" => vec![Capability::Embedding],
        "image" => vec![Capability::ImageGeneration],
        "transcribe" => vec![Capability::AudioTranscription],
        "audio" => vec![Capability::AudioSpeech],
        "rerank" => vec![Capability::Rerank],
        _ => Vec::new(),
    }
}
