//! Ollama, through its own API: only there can the size of the context window be said.
//!
//! Reference: Ollama API documentation (`docs/api.md`). Speech goes through its OpenAI-compatible endpoint, because the
//! native API has none.

mod discover;

use crate::client::ProviderClient;
use baton_model::{Capability, Detail, Dialect, Model, ProviderId};
use baton_provider_api::{
    DiscoveredModel, Exchange, Forward, Forwarded, OutgoingRequest, Provider, ProviderError, ProviderSettings,
    Recording,
};
use futures::future::BoxFuture;

/// A server of Ollama, or its cloud.
pub(crate) struct Ollama {
    client: ProviderClient,
}

impl Ollama {
    pub(crate) fn new(client: ProviderClient) -> Self {
        Self { client }
    }

    async fn call(&self, outgoing: OutgoingRequest<'_>) -> Result<Exchange, ProviderError> {
        match endpoint(outgoing.capability) {
            Some((path, _)) => self.client.call(outgoing, path, &[]).await,
            None => Err(self.client.not_served(outgoing.capability)),
        }
    }
}

impl Provider for Ollama {
    fn id(&self) -> &ProviderId {
        &self.client.id
    }

    fn kind(&self) -> &'static str {
        "ollama"
    }

    fn settings(&self) -> &ProviderSettings {
        &self.client.settings
    }

    fn serves(&self, capability: Capability) -> bool {
        endpoint(capability).is_some()
    }

    fn dialect(&self, capability: Capability, _client: Dialect, _model: &Model) -> Option<Dialect> {
        endpoint(capability).map(|(_, dialect)| dialect)
    }

    // Ollama cuts a prompt that is too long, without an error.
    fn sizes_context(&self) -> bool {
        true
    }

    // Its chat models complete prompts by `/api/generate`, and its own clients expect that of every model.
    fn completes_text(&self, client: Dialect) -> bool {
        client == Dialect::Ollama
    }

    fn send<'a>(&'a self, outgoing: OutgoingRequest<'a>) -> BoxFuture<'a, Result<Exchange, ProviderError>> {
        Box::pin(self.call(outgoing))
    }

    fn replay(&self, recording: &Recording, detail: Detail) -> Result<Exchange, ProviderError> {
        self.client.replay(recording, detail)
    }

    fn forward<'a>(&'a self, forward: Forward<'a>) -> BoxFuture<'a, Result<Forwarded, ProviderError>> {
        let path = forward.path;
        Box::pin(self.client.forward(forward, path, &[]))
    }

    fn discover(&self) -> BoxFuture<'_, Result<Vec<DiscoveredModel>, ProviderError>> {
        Box::pin(discover::discover(&self.client))
    }
}

fn endpoint(capability: Capability) -> Option<(&'static str, Dialect)> {
    match capability {
        Capability::Chat => Some(("/api/chat", Dialect::Ollama)),
        Capability::Completion => Some(("/api/generate", Dialect::Ollama)),
        Capability::Embedding => Some(("/api/embed", Dialect::Ollama)),
        Capability::AudioTranscription => Some(("/v1/audio/transcriptions", Dialect::OpenAi)),
        _ => None,
    }
}
