//! A reply on its way up: its head, its frames, its bill.

use crate::policy::PolicyStanding;
use baton_model::record::CacheUse;
use baton_model::{Capability, Cost, Dialect, ModelId, Nanos, ProviderId, PublicError, ReplyEvent, Wire};
use baton_provider_api::{Frame, ProviderError, ReplyForm};
use futures::stream::BoxStream;
use std::sync::{Arc, OnceLock};

/// What is known when a reply begins.
#[derive(Debug, Clone)]
pub struct ReplyHead {
    /// The model that replies.
    pub model: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// The format of the frames' bytes.
    pub dialect: Dialect,
    /// What the model was asked: what the client asked, or chat for a completion.
    pub serves: Capability,
    /// Whether the frames are one body or a stream.
    pub form: ReplyForm,
    /// The media type, as the provider said it.
    pub content_type: String,
    /// The provider's headers that may matter to the client.
    pub headers: Vec<(String, String)>,
    /// What the client should know: what was left out, lowered, deprecated.
    pub warnings: Vec<String>,
    /// How many tokens the prompt has by Baton's count, where a format says it before the provider does.
    pub input_tokens: Option<u64>,
    /// What the cache did.
    pub cache: CacheUse,
    /// How many attempts were made.
    pub attempts: usize,
    /// How the limits stand that the request had to keep to.
    pub standings: Vec<PolicyStanding>,
    /// What it cost; set when that is known, in a stream just before its last frame.
    pub bill: Bill,
}

impl ReplyHead {
    /// The format of the frames, and what the model was asked.
    pub fn wire(&self) -> Wire {
        Wire::new(self.dialect, self.serves)
    }
}

/// A reply: its head, and the frames as they come.
///
/// Frames are complete after the last item; an error item is the last. Dropping it before the end cancels the call (or
/// lets it drain, by the provider's settings) and records the request as cancelled.
pub struct Reply {
    /// What is known now.
    pub head: ReplyHead,
    /// The frames.
    pub frames: BoxStream<'static, Result<Frame, PublicError>>,
}

/// What a reply costs, once that is known.
pub type Bill = Arc<OnceLock<Cost>>;

/// The bill of a reply that cost nothing, since no provider was asked.
pub fn free_bill() -> Bill {
    Arc::new(OnceLock::from(Cost::Known(Nanos::ZERO)))
}

/// The error that a frame reports.
pub fn failure(frame: &Frame) -> Option<ProviderError> {
    frame.events.iter().find_map(|event| match event {
        ReplyEvent::Failed(error) => Some(error.clone().into()),
        _ => None,
    })
}
