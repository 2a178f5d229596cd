//! Anthropic.
//!
//! Reference: Anthropic API reference (messages, count tokens, models), `anthropic-version: 2023-06-01`.

mod count;
mod discover;
mod version;

use crate::client::ProviderClient;
use baton_model::{Capability, ChatRequest, Detail, Dialect, Model, ProviderId, Target};
use baton_provider_api::{
    DiscoveredModel, Exchange, Forward, Forwarded, OutgoingRequest, Provider, ProviderError, ProviderSettings,
    Recording,
};
use futures::future::BoxFuture;
use version::VERSION;

/// Anthropic's API.
pub(crate) struct Anthropic {
    client: ProviderClient,
}

impl Anthropic {
    pub(crate) fn new(client: ProviderClient) -> Self {
        Self { client }
    }

    async fn call(&self, outgoing: OutgoingRequest<'_>) -> Result<Exchange, ProviderError> {
        match path(outgoing.capability) {
            Some(path) => self.client.call(outgoing, path, VERSION).await,
            None => Err(self.client.not_served(outgoing.capability)),
        }
    }
}

impl Provider for Anthropic {
    fn id(&self) -> &ProviderId {
        &self.client.id
    }

    fn kind(&self) -> &'static str {
        "anthropic"
    }

    fn settings(&self) -> &ProviderSettings {
        &self.client.settings
    }

    fn serves(&self, capability: Capability) -> bool {
        path(capability).is_some()
    }

    /// A count is asked for in this format or not at all: other clients have no such endpoint.
    fn dialect(&self, capability: Capability, client: Dialect, _model: &Model) -> Option<Dialect> {
        let asked = capability != Capability::TokenCount || client == Dialect::Anthropic;
        (asked && self.serves(capability)).then_some(Dialect::Anthropic)
    }

    fn send<'a>(&'a self, outgoing: OutgoingRequest<'a>) -> BoxFuture<'a, Result<Exchange, ProviderError>> {
        Box::pin(self.call(outgoing))
    }

    fn replay(&self, recording: &Recording, detail: Detail) -> Result<Exchange, ProviderError> {
        self.client.replay(recording, detail)
    }

    fn count_tokens<'a>(
        &'a self,
        request: &'a ChatRequest,
        target: &'a Target,
    ) -> Option<BoxFuture<'a, Result<u64, ProviderError>>> {
        Some(Box::pin(count::count(&self.client, request, target)))
    }

    fn forward<'a>(&'a self, forward: Forward<'a>) -> BoxFuture<'a, Result<Forwarded, ProviderError>> {
        let path = forward.path;
        Box::pin(self.client.forward(forward, path, VERSION))
    }

    fn discover(&self) -> BoxFuture<'_, Result<Vec<DiscoveredModel>, ProviderError>> {
        Box::pin(discover::discover(&self.client))
    }
}

fn path(capability: Capability) -> Option<&'static str> {
    match capability {
        Capability::Chat => Some("/v1/messages"),
        Capability::TokenCount => Some("/v1/messages/count_tokens"),
        _ => None,
    }
}
