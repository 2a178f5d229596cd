//! What a provider is, and the one HTTP client that reaches it.
//!
//! A [`Provider`] takes an [`OutgoingRequest`] request and gives an [`Exchange`]: a head, and a stream of [`Frame`]s that hold
//! both the provider's bytes as they came and what they mean. This crate knows no wire format and no vendor; the
//! implementations live in `baton-providers`, one folder each.
//!
//! What an implementation promises:
//! - it never retries by itself and never falls back: the engine does, by what the [`ProviderError`] says;
//! - dropping an [`Exchange`] cancels the call at once;
//! - a stream that stops without the format's end yields an error, never a silent end;
//! - nothing it returns holds a key.

mod discovered;
mod error;
mod exchange;
pub mod fake;
mod forward;
mod outgoing;
mod provider;
mod settings;
mod strict;
pub mod transport;

pub use discovered::DiscoveredModel;
pub use error::ProviderError;
pub use exchange::{Exchange, Frame, Recording, ReplyForm};
pub use fake::FakeProvider;
pub use forward::{Forward, Forwarded};
pub use outgoing::{Mode, OutgoingRequest};
pub use provider::Provider;
pub use settings::{OnDisconnect, ProviderSettings, Timeouts};
pub use strict::check_strict;
pub use transport::Transport;
