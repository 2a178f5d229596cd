//! What codecs write: bytes, and what was dropped or changed on the way.

use crate::call_in_text::CallInText;
use crate::client_tools::ClientTools;
use crate::framing::splice::Editor;
use bytes::Bytes;

/// What writing a reply needs beside its events.
#[derive(Debug, Clone, Default)]
pub struct ReplyContext {
    /// An id for formats that need one where the provider sent none.
    pub id: String,
    /// The model's name where the provider sent none.
    pub model: String,
    /// Seconds since 1970 where the provider sent none.
    pub created: i64,
    /// Whether the client asked for usage inside the stream.
    pub include_usage: bool,
    /// Whether a vector is wanted as base64.
    pub base64: bool,
    /// The client's request, for formats whose replies repeat it (responses); empty for others.
    pub request: Bytes,
    /// Whether the reply is stored for later requests, for formats whose replies say so (responses).
    pub stored: bool,
    /// What the client's request says of its tools, for formats that know more than functions.
    pub tools: ClientTools,
    /// How many tokens the prompt has by Baton's own count, for formats that say it before the provider does.
    pub input_tokens: Option<u64>,
}

/// A request or reply as bytes, and what was dropped or changed.
#[derive(Debug, Clone, Default)]
pub struct EncodedBody {
    /// The bytes.
    pub body: Bytes,
    /// Its media type.
    pub content_type: String,
    /// What was left out or changed.
    pub dropped: Vec<Dropped>,
    /// What makes a call of the reply's text, where the format has no other way to demand one.
    pub call_in_text: Option<CallInText>,
}

impl EncodedBody {
    /// JSON, complete.
    pub fn json(body: Vec<u8>) -> Self {
        Self { body: body.into(), content_type: "application/json".into(), ..Self::default() }
    }
}

/// A request of the same format with a few places changed.
#[derive(Debug)]
pub struct RewrittenRequest<'b> {
    /// The client's body with its changes, to be made once all are known.
    pub editor: Editor<'b>,
    /// Whether usage was asked for on Baton's behalf, so that frames which only report it are kept from the client.
    pub hide_usage: bool,
    /// What was changed beyond the name: lowered limits, refused parameters removed.
    pub dropped: Vec<Dropped>,
}

/// Something that the target does not support, or not as it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dropped {
    /// Where it was, in the canonical vocabulary or in the source format: `seed`, `messages[3].image.detail`.
    pub field: String,
    /// What became of it: `not supported by anthropic`, `lowered from 2 to 1`.
    pub reason: String,
}

impl Dropped {
    /// A field and what became of it.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}
