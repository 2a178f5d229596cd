//! What becomes of a response for later requests: one that its provider stores is noted, so that whoever asks for it is
//! sent there; one that Baton translated is stored here. Neither delays a stream.

use crate::reply::ReplyObserver;
use baton_control::ProviderObjects;
use baton_control::provider_objects::NewProviderObject;
use baton_conversations::Conversations;
use baton_dialect::framing::{Framing, Splitter, splice, sse};
use baton_dialect::responses::context::Items;
use baton_engine::ReplyHead;
use baton_model::entity::ProviderObjectKind;
use baton_model::{Caller, Dialect, ReplyEvent};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;

/// Records the response to one request.
pub struct ResponseRecorder {
    objects: ProviderObjects,
    conversations: Conversations,
    caller: Caller,
    /// Everything that is said to the model: a JSON array. `None` where it is more than Baton stores.
    input: Option<String>,
}

impl ResponseRecorder {
    /// For a request of that caller, with everything that is said to the model.
    pub(super) fn new(objects: ProviderObjects, conversations: Conversations, caller: Caller, input: &Items) -> Self {
        // Asked before the reply begins, because a translated reply says in its first event whether it is stored.
        let input = Some(input.to_json()).filter(|input| conversations.accepts_size(input.len()));
        Self { objects, conversations, caller, input }
    }
}

impl ReplyObserver for ResponseRecorder {
    /// Notes the response that these events name, if they name one and its provider stores it.
    fn observe_passthrough(&self, head: &ReplyHead, events: &[ReplyEvent]) {
        let id = events.iter().find_map(|event| match event {
            ReplyEvent::Started(started) => started.id.as_deref(),
            _ => None,
        });
        // Providers of other formats store no responses.
        let (Some(object), Dialect::Responses) = (id, head.dialect) else { return };
        let (provider, model) = (&head.provider, Some(&head.model));
        let made = NewProviderObject { kind: ProviderObjectKind::Response, object, provider, model, expires_at: None };
        self.objects.keep_in_background(&self.caller, made);
    }

    fn stream_ended(&self, head: &ReplyHead, last: &Bytes) {
        let Some(input) = &self.input else { return };
        let named = find_completed(last).and_then(|response| id_and_text(&response));
        if let Some((id, response)) = named {
            // In the background: the client has the end of its stream already, and must not wait for a database.
            self.conversations.store_in_background(&self.caller, &head.model, id, input.clone(), response);
        }
    }

    fn whole_written<'a>(&'a self, head: &'a ReplyHead, body: &'a [u8]) -> BoxFuture<'a, bool> {
        async move {
            let Some(input) = &self.input else { return false };
            let Some((id, response)) = id_and_text(body) else { return false };
            let stored = self.conversations.store(&self.caller, &head.model, id.clone(), input.clone(), response).await;
            if let Err(error) = &stored {
                tracing::warn!(response.id = id, error.message = error.message, "a response could not be stored");
            }
            stored.is_ok()
        }
        .boxed()
    }

    fn stores(&self) -> bool {
        self.input.is_some()
    }
}

/// A response's id, and itself as text.
fn id_and_text(response: &[u8]) -> Option<(String, String)> {
    let body = splice::scan(Bytes::copy_from_slice(response)).ok()?;
    let id = serde_json::from_slice(body.value("id")?).ok()?;
    Some((id, std::str::from_utf8(response).ok()?.to_owned()))
}

/// The response in the event that ends a stream well.
fn find_completed(events: &Bytes) -> Option<Vec<u8>> {
    // The writer's last bytes hold several events, and the response stands whole in the last of them only.
    let (mut splitter, mut frames) = (Splitter::new(Framing::Sse, usize::MAX), Vec::new());
    splitter.push(events.clone(), &mut frames).ok()?;
    let last = frames.last()?;
    let event = sse::parse(last);
    // A failed response is not stored: there is nothing to go on from.
    if !matches!(event.name, Some("response.completed" | "response.incomplete")) {
        return None;
    }
    let data = splice::scan(Bytes::copy_from_slice(&event.data?)).ok()?;
    data.value("response").map(<[u8]>::to_vec)
}
