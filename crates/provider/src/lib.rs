//! What a provider is, and the one HTTP client that reaches it.
//!
//! A [`Provider`] takes an [`Outgoing`] request and gives an [`Exchange`]: a head, and a stream of [`Frame`]s that hold
//! both the provider's bytes as they came and what they mean. This crate knows no wire format and no vendor; the
//! implementations live in `baton-providers`, one folder each.
//!
//! What an implementation promises:
//! - it never retries by itself and never falls back: the engine does, by what the [`ProviderError`] says;
//! - dropping an [`Exchange`] cancels the call at once;
//! - a stream that stops without the format's end yields an error, never a silent end;
//! - nothing it returns holds a key.

mod error;
mod exchange;
pub mod fake;
mod forward;
pub mod transport;

pub use error::ProviderError;
pub use exchange::{Exchange, Form, Frame, Recording};
pub use fake::Fake;
pub use forward::{Forward, Forwarded};
pub use transport::Transport;

use baton_model::chat::ChatRequest;
use baton_model::{Body, Capability, Detail, Dialect, Model, Operation, ProviderId, Target};
use futures::future::BoxFuture;
use std::time::Duration;

/// A service that serves models.
pub trait Provider: Send + Sync {
    /// Its name in the configuration.
    fn id(&self) -> &ProviderId;

    /// Which implementation it is: `openai`, `anthropic`, `ollama`.
    fn kind(&self) -> &'static str;

    /// How it is to be treated.
    fn settings(&self) -> &Settings;

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
    fn completes(&self, _client: Dialect) -> bool {
        false
    }

    /// Sends a request. Returns when the head of the reply is there.
    fn send<'a>(&'a self, outgoing: Outgoing<'a>) -> BoxFuture<'a, Result<Exchange, ProviderError>>;

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

    /// Passes a request on without reading it, with Baton's credentials; the answer comes as the provider gave it,
    /// whatever its status.
    ///
    /// # Errors
    /// If there is no answer: the provider can't be reached, is too slow, or redirects.
    fn forward<'a>(&'a self, forward: Forward<'a>) -> BoxFuture<'a, Result<Forwarded, ProviderError>>;

    /// The models it has.
    fn discover(&self) -> BoxFuture<'_, Result<Vec<Discovered>, ProviderError>>;
}

/// A request on its way to a provider.
#[derive(Clone, Copy)]
pub struct Outgoing<'a> {
    /// Where it goes.
    pub target: &'a Target,
    /// What is asked.
    pub capability: Capability,
    /// The format to ask in: what [`Provider::dialect`] said.
    pub dialect: Dialect,
    /// The request: the client's bytes, or its meaning.
    pub lane: Lane<'a>,
    /// The size of the client's request in bytes: how much work it is to write.
    pub size: usize,
    /// Whether it is refused if anything of it can't be said to the target.
    pub strict: bool,
    /// Whether the reply is wanted as a stream.
    pub form: Form,
    /// How closely the reply is to be read.
    pub detail: Detail,
    /// Client headers to be passed on (lower-case name and value): `anthropic-beta`, `traceparent` and the like, chosen
    /// at the door.
    pub headers: &'a [(String, String)],
    /// Query of the client's request to be passed on (`beta=true`), without the question mark.
    pub query: Option<&'a str>,
    /// The most time that the whole call may take, where it is less than the provider's own total.
    pub timeout: Option<Duration>,
}

/// In which form a request goes out.
#[derive(Clone, Copy)]
pub enum Lane<'a> {
    /// The client's own bytes with a few places changed: the target speaks the client's format.
    Exact(&'a Body),
    /// Written anew from its meaning.
    Translated(&'a Operation),
}

/// How a provider is to be treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Bounds on waiting.
    pub timeouts: Timeouts,
    /// What becomes of the upstream call when the client leaves.
    pub on_disconnect: OnDisconnect,
    /// How often the same target is tried again on an error that invites it.
    pub retries: u32,
    /// The largest whole reply, in bytes.
    pub max_reply_bytes: usize,
    /// The largest frame of a stream, in bytes.
    pub max_frame_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            on_disconnect: OnDisconnect::Cancel,
            retries: 1,
            max_reply_bytes: 64 << 20,
            max_frame_bytes: 16 << 20,
        }
    }
}

/// Bounds on waiting for a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// From the request to the first piece of a stream. A model that is loaded first takes minutes (Ollama). A whole
    /// reply has no such moment, because its head comes when the answer is complete: there only `total` holds.
    pub first_token: Duration,
    /// Between two pieces of the reply.
    pub idle: Duration,
    /// For the whole call.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_secs(120),
            idle: Duration::from_secs(120),
            total: Duration::from_secs(600),
        }
    }
}

/// What becomes of the upstream call when the client leaves before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDisconnect {
    /// It is cancelled at once: that stops the spending; what was produced is metered as an estimate.
    Cancel,
    /// It is read to its end in the background, for its exact usage, within these bounds.
    Drain {
        /// The most time.
        time: Duration,
        /// The most bytes.
        bytes: usize,
    },
}

/// A model as its provider lists it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Discovered {
    /// What the provider calls it.
    pub upstream: String,
    /// A name for people.
    pub display_name: Option<String>,
    /// What it can do; empty where the provider does not say.
    pub capabilities: Vec<Capability>,
    /// The context window, where the provider says.
    pub token_limit: Option<u64>,
    /// The largest output, where the provider says.
    pub max_tokens: Option<u64>,
    /// Whether it reasons, where the provider says.
    pub reasoning: Option<bool>,
}
