//! A reply as it arrives.

use crate::error::ProviderError;
use baton_model::{Capability, Dialect, ReplyEvent};
use bytes::Bytes;
use futures::stream::BoxStream;

/// Whether a reply comes whole or in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyForm {
    /// One body.
    Whole,
    /// Frames, one after the other.
    Stream,
}

/// A reply of a provider: its head, and the frames as they come.
///
/// Dropping it cancels the call.
pub struct Exchange {
    /// The format of the frames' bytes.
    pub dialect: Dialect,
    /// Whether it comes whole or in pieces; a provider may reply whole where a stream was asked.
    pub form: ReplyForm,
    /// Whether usage was asked for on Baton's behalf, so that frames which only report it are hidden.
    pub hide_usage: bool,
    /// The media type as the provider said it.
    pub content_type: String,
    /// Headers of the reply that may matter to the client (rate limits, request ids): lower-case name and value.
    pub headers: Vec<(String, String)>,
    /// What could not be said to the provider: `field: what became of it`.
    pub dropped: Vec<String>,
    /// The frames. Ends after the format's own end ([`ReplyEvent::Ended`]), or after [`ReplyEvent::Failed`]; an end without
    /// either is an error item, and the last one.
    pub frames: BoxStream<'static, Result<Frame, ProviderError>>,
}

/// A piece of a reply: bytes as they came, and what they mean.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// The bytes as they came, to be forwarded to a client of the same format unless [hidden](Self::hidden).
    pub bytes: Bytes,
    /// Whether the frame is kept from the client because only Baton asked for it (usage in an OpenAI stream).
    pub hidden: bool,
    /// What they mean: everything, or with [`baton_model::Detail::MeterOnly`] only what the meter and the fallback
    /// need.
    pub events: Vec<ReplyEvent>,
}

/// A reply kept for later: see [`crate::Provider::replay`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// The format of the bytes.
    pub dialect: Dialect,
    /// What was asked.
    pub capability: Capability,
    /// Whether it came whole or in pieces.
    pub form: ReplyForm,
    /// The media type.
    pub content_type: String,
    /// Whether frames that only report usage are [hidden](Frame::hidden).
    pub hide_usage: bool,
    /// The bytes of all frames, hidden ones too, one after the other.
    pub body: Bytes,
}
