//! The models of an Ollama server: `GET /api/tags` names them, `POST /api/show` says what each can do.

use crate::client::ProviderClient;
use baton_model::fault::ErrorKind;
use baton_model::{Capability, Dialect};
use baton_provider_api::{DiscoveredModel, ProviderError};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How many models are asked about at once.
const AT_ONCE: usize = 4;

#[derive(Deserialize)]
struct Tags {
    models: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
}

#[derive(Deserialize)]
struct Show {
    /// `completion`, `embedding`, `thinking`, `audio` and others. Absent before version 0.6.4.
    #[serde(default)]
    capabilities: Vec<String>,
    /// `general.architecture`, `<architecture>.context_length` and many more.
    #[serde(default)]
    model_info: Map<String, Value>,
}

pub(super) async fn discover(client: &ProviderClient) -> Result<Vec<DiscoveredModel>, ProviderError> {
    let tags: Tags = client.json(Dialect::Ollama, "/api/tags", None, None, &[]).await?;
    // In order and a few at a time: a server may have hundreds of models, and each question makes it read a file.
    let described: Vec<_> =
        stream::iter(tags.models).map(|tag| describe(client, tag.name)).buffered(AT_ONCE).try_collect().await?;
    Ok(described.into_iter().flatten().collect())
}

/// One model; `None` if it was removed since it was listed.
async fn describe(client: &ProviderClient, name: String) -> Result<Option<DiscoveredModel>, ProviderError> {
    let body = serde_json::json!({ "model": &name }).to_string().into_bytes();
    let show: Show = match client.json(Dialect::Ollama, "/api/show", None, Some(body), &[]).await {
        Ok(show) => show,
        // Of any other error the whole discovery fails: a model that is left out counts as gone.
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let has = |ability: &str| show.capabilities.iter().any(|known| known == ability);
    let mut capabilities = Vec::new();
    if has("completion") {
        capabilities.extend([Capability::Chat, Capability::Completion]);
    }
    if has("embedding") {
        capabilities.push(Capability::Embedding);
    }
    if has("audio") {
        capabilities.push(Capability::AudioTranscription);
    }
    Ok(Some(DiscoveredModel {
        token_limit: show.context_length(),
        // An old server names no abilities at all, which is not the same as none.
        reasoning: (!show.capabilities.is_empty()).then(|| has("thinking")),
        capabilities,
        upstream: name,
        ..DiscoveredModel::default()
    }))
}

impl Show {
    fn context_length(&self) -> Option<u64> {
        // The key begins with the architecture's name: `llama.context_length`, `gemma3.context_length`.
        let architecture = self.model_info.get("general.architecture")?.as_str()?;
        self.model_info.get(&format!("{architecture}.context_length"))?.as_u64()
    }
}
