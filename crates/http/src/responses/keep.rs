//! Keeping responses: those that a provider keeps are noted, so that whoever asks for one is sent there; those that Baton
//! wrote itself it keeps itself. Either before the last byte leaves, so that nobody asks too early.

use super::may_be_kept;
use baton_dialect::framing::{Framing, Splitter, splice, sse};
use baton_dialect::responses::context::Items;
use baton_engine::Head;
use baton_engine::holdings::{Holdings, Made};
use baton_engine::responses::Responses;
use baton_model::entity::HoldingKind;
use baton_model::{Caller, Code, Event};
use bytes::Bytes;

/// Keeps the response of one request.
pub struct Keep {
    holdings: Holdings,
    responses: Responses,
    caller: Caller,
    /// Everything that is said to the model: a JSON array. `None` where it is more than Baton keeps.
    input: Option<String>,
}

impl Keep {
    pub(super) fn new(holdings: Holdings, responses: Responses, caller: Caller, input: &Items) -> Self {
        let input = Some(input.to_json()).filter(|input| responses.takes(input.len()));
        Self { holdings, responses, caller, input }
    }

    /// Whether a response that Baton writes is kept.
    pub fn is_own_kept(&self) -> bool {
        self.input.is_some()
    }

    /// Notes the response that these events name, if they name one and its provider keeps it. An answer that can't be
    /// noted is an answer all the same: only nobody comes to it again.
    pub async fn note(&self, head: &Head, events: &[Event]) {
        let id = events.iter().find_map(|event| match event {
            Event::Started(started) => started.id.as_deref(),
            _ => None,
        });
        let (Some(object), true) = (id, may_be_kept(head.dialect)) else { return };
        let made = Made {
            kind: HoldingKind::Response,
            object,
            provider: &head.provider,
            model: Some(&head.model),
            expires_at: None,
        };
        match self.holdings.keep(&self.caller, made).await {
            Ok(_) => {}
            // A kept answer that is given again has the id that it had.
            Err(error) if error.code == Code::Conflict => {}
            Err(error) => {
                tracing::warn!(response.id = object, error.message = error.message, "a response could not be noted");
            }
        }
    }

    /// Keeps a response that Baton has written. Whether that worked: if not, the answer must not say so.
    pub async fn own(&self, head: &Head, response: &[u8]) -> bool {
        let Some(input) = &self.input else { return false };
        let Some((id, response)) = named(response) else { return false };
        match self.responses.keep(&self.caller, &head.model, id.clone(), input.clone(), response).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(response.id = id, error.message = error.message, "a response could not be kept");
                false
            }
        }
    }

    /// Keeps the response that the last events of a stream tell of.
    pub async fn own_of_stream(&self, head: &Head, last: &Bytes) {
        if let Some(response) = completed(last) {
            self.own(head, &response).await;
        }
    }
}

/// A response's id, and itself as text.
fn named(response: &[u8]) -> Option<(String, String)> {
    let body = splice::scan(Bytes::copy_from_slice(response)).ok()?;
    let id = serde_json::from_slice(body.value("id")?).ok()?;
    Some((id, std::str::from_utf8(response).ok()?.to_owned()))
}

/// The response in the event that ends a stream well.
fn completed(events: &Bytes) -> Option<Vec<u8>> {
    let (mut splitter, mut frames) = (Splitter::new(Framing::Sse, usize::MAX), Vec::new());
    splitter.push(events.clone(), &mut frames).ok()?;
    let last = frames.last()?;
    let event = sse::parse(last);
    if !matches!(event.name, Some("response.completed" | "response.incomplete")) {
        return None;
    }
    let data = splice::scan(Bytes::copy_from_slice(&event.data?)).ok()?;
    data.value("response").map(<[u8]>::to_vec)
}
