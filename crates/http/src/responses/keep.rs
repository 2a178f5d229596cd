//! Noting that a provider has made a response: before its id leaves, so that whoever asks for it is sent there.

use super::may_be_kept;
use baton_engine::Head;
use baton_engine::holdings::{Holdings, Made};
use baton_model::entity::HoldingKind;
use baton_model::{Caller, Code, Event};

/// Notes the response of one request.
pub struct Keep {
    holdings: Holdings,
    caller: Caller,
}

impl Keep {
    pub(super) fn new(holdings: Holdings, caller: Caller) -> Self {
        Self { holdings, caller }
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
}
