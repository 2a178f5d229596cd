//! One stream, read from a provider or written for a client.

use crate::read_error::ReadError;
use baton_model::{PublicError, ReplyEvent};
use bytes::Bytes;

/// Reads one stream of a provider. One frame at a time, as [`framing`](crate::framing) cut it; keeps what later frames
/// refer to.
pub trait StreamReader: Send {
    /// The events of one frame: none for a comment or an event without meaning.
    ///
    /// # Errors
    /// If the frame is not of this format.
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError>;

    /// At the end of the bytes: [`ReplyEvent::Ended`] if the format allows the stream to end here without a sign of its own
    /// (some OpenAI-compatible services send no `[DONE]`), nothing if it was cut.
    fn finish(&mut self) -> Vec<ReplyEvent>;

    /// Whether the frame just pushed exists only because Baton asked for usage where the client did not, and so must
    /// not be forwarded. Asked only where [`Rewritten::hide_usage`](crate::RewrittenRequest::hide_usage) is set.
    fn is_usage_only(&self) -> bool {
        false
    }
}

/// Writes one stream for a client.
pub trait StreamWriter: Send {
    /// The bytes of this event; empty if the format has none for it.
    fn push(&mut self, event: &ReplyEvent) -> Bytes;

    /// The format's error event, after which nothing follows. Before the first byte an error is an error reply
    /// instead ([`error::write`](crate::error::write)).
    fn fail(&mut self, error: &PublicError, request_id: &str) -> Bytes;
}
