//! What may watch a reply on its way to the client.

use baton_engine::ReplyHead;
use baton_model::ReplyEvent;
use bytes::Bytes;
use futures::future::BoxFuture;

/// Watches a reply on its way to the client. Nothing here may wait inside a stream: a client would wait with it.
pub trait ReplyObserver: Send + Sync {
    /// Events of a reply whose bytes pass through as the provider sent them; for a stream, of each frame.
    fn observe_passthrough(&self, head: &ReplyHead, events: &[ReplyEvent]);

    /// The bytes that end a translated stream.
    fn stream_ended(&self, head: &ReplyHead, last: &Bytes);

    /// A whole translated reply, as it was written. Whether it may say that it is stored: it is written anew if not.
    fn whole_written<'a>(&'a self, head: &'a ReplyHead, body: &'a [u8]) -> BoxFuture<'a, bool>;

    /// Whether a translated reply will be stored, as far as that can be known when it begins.
    fn stores(&self) -> bool;
}
