//! Anthropic.
//!
//! Reference: Anthropic API reference (messages, count tokens, models), `anthropic-version: 2023-06-01`.

mod count;
mod discover;

use crate::line::Line;
use crate::openai::not_served;
use baton_model::{Capability, ChatRequest, Detail, Dialect, Model, ProviderId, Target};
use baton_provider::{
    Discovered, Exchange, Forward, Forwarded, Outgoing, Provider, ProviderError, Recording, Settings,
};
use futures::future::BoxFuture;

/// The version sent where the client names none.
const VERSION: &[(&str, &str)] = &[("anthropic-version", "2023-06-01")];

/// Anthropic's API.
pub(crate) struct Anthropic {
    line: Line,
}

impl Anthropic {
    pub(crate) fn new(line: Line) -> Self {
        Self { line }
    }

    async fn call(&self, outgoing: Outgoing<'_>) -> Result<Exchange, ProviderError> {
        match path(outgoing.capability) {
            Some(path) => self.line.call(outgoing, path, VERSION).await,
            None => Err(not_served(&self.line.id, outgoing.capability)),
        }
    }
}

impl Provider for Anthropic {
    fn id(&self) -> &ProviderId {
        &self.line.id
    }

    fn kind(&self) -> &'static str {
        "anthropic"
    }

    fn settings(&self) -> &Settings {
        &self.line.settings
    }

    fn serves(&self, capability: Capability) -> bool {
        path(capability).is_some()
    }

    /// A count is asked for in this format or not at all: other clients have no such endpoint.
    fn dialect(&self, capability: Capability, client: Dialect, _model: &Model) -> Option<Dialect> {
        let asked = capability != Capability::TokenCount || client == Dialect::Anthropic;
        (asked && self.serves(capability)).then_some(Dialect::Anthropic)
    }

    fn send<'a>(&'a self, outgoing: Outgoing<'a>) -> BoxFuture<'a, Result<Exchange, ProviderError>> {
        Box::pin(self.call(outgoing))
    }

    fn replay(&self, recording: &Recording, detail: Detail) -> Result<Exchange, ProviderError> {
        self.line.replay(recording, detail)
    }

    fn count_tokens<'a>(
        &'a self,
        request: &'a ChatRequest,
        target: &'a Target,
    ) -> Option<BoxFuture<'a, Result<u64, ProviderError>>> {
        Some(Box::pin(count::count(&self.line, request, target)))
    }

    fn forward<'a>(&'a self, forward: Forward<'a>) -> BoxFuture<'a, Result<Forwarded, ProviderError>> {
        let path = forward.path;
        Box::pin(self.line.forward(forward, path, VERSION))
    }

    fn discover(&self) -> BoxFuture<'_, Result<Vec<Discovered>, ProviderError>> {
        Box::pin(discover::discover(&self.line))
    }
}

fn path(capability: Capability) -> Option<&'static str> {
    match capability {
        Capability::Chat => Some("/v1/messages"),
        Capability::TokenCount => Some("/v1/messages/count_tokens"),
        _ => None,
    }
}
