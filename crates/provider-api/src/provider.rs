//! The trait that every provider implements.

use crate::discovered::DiscoveredModel;
use crate::error::ProviderError;
use crate::exchange::{Exchange, Recording};
use crate::forward::{Forward, Forwarded};
use crate::outgoing::OutgoingRequest;
use crate::settings::ProviderSettings;
use baton_model::chat::ChatRequest;
use baton_model::{Capability, Detail, Dialect, Model, ProviderId, Target};
use futures::future::BoxFuture;

/// A service that serves models.
pub trait Provider: Send + Sync {
    /// Its name in the configuration.
    fn id(&self) -> &ProviderId;

    /// Which implementation it is: `openai`, `anthropic`, `ollama`.
    fn kind(&self) -> &'static str;

    /// How it is to be treated.
    fn settings(&self) -> &ProviderSettings;

    /// Whether it serves a capability at all.
    fn serves(&self, capability: Capability) -> bool;

    /// The format in which a model of its serves a capability to a client that speaks `client`: that one, where the
    /// provider speaks it too. `None` if it does not serve it.
    fn dialect(&self, capability: Capability, client: Dialect, model: &Model) -> Option<Dialect>;

    /// Whether requests must say how large a context window they need, else the provider cuts long prompts silently
    /// (Ollama's `num_ctx`): then [`Target::context_window`] is always set.
    fn sizes_context(&self) -> bool {
        false
    }

    /// Whether a model that chats also continues texts in a format (Ollama's `/api/generate`).
    fn completes_text(&self, _client: Dialect) -> bool {
        false
    }

    /// Sends a request. Returns when the head of the reply is there.
    fn send<'a>(&'a self, outgoing: OutgoingRequest<'a>) -> BoxFuture<'a, Result<Exchange, ProviderError>>;

    /// Plays a recorded reply, as if the provider had just sent it.
    ///
    /// # Errors
    /// If the recording is not of a format that this provider speaks.
    fn replay(&self, recording: &Recording, detail: Detail) -> Result<Exchange, ProviderError>;

    /// The exact number of tokens of a prompt, where the provider has an endpoint for it.
    fn count_tokens<'a>(
        &'a self,
        _request: &'a ChatRequest,
        _target: &'a Target,
    ) -> Option<BoxFuture<'a, Result<u64, ProviderError>>> {
        None
    }

    /// Passes a request on without reading it, with Baton's credentials; the reply comes as the provider gave it,
    /// whatever its status.
    ///
    /// # Errors
    /// If there is no reply: the provider can't be reached, is too slow, or redirects.
    fn forward<'a>(&'a self, forward: Forward<'a>) -> BoxFuture<'a, Result<Forwarded, ProviderError>>;

    /// The models it has.
    fn discover(&self) -> BoxFuture<'_, Result<Vec<DiscoveredModel>, ProviderError>>;
}
