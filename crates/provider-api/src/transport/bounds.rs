//! How long a call may take.

use crate::exchange::ReplyForm;
use crate::settings::{ProviderSettings, Timeouts};
use std::time::Duration;

/// How long a call may take. The connection has its own bound, see
/// [`Transport::connecting_within`](super::Transport::connecting_within).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallBounds {
    /// From the request to the first piece of the reply. `None` where the head comes only with the whole reply.
    pub first_token: Option<Duration>,
    /// Between two pieces of the reply.
    pub idle: Duration,
    /// For the whole call.
    pub total: Duration,
}

impl CallBounds {
    /// The bounds of a provider's settings for a reply of that form, and of a call that may take `most`.
    ///
    /// A whole reply has no first token: its head comes when the reply is complete, so only the total bounds it.
    pub fn of(settings: &ProviderSettings, form: ReplyForm, most: Option<Duration>) -> Self {
        let Timeouts { first_token, idle, total, .. } = settings.timeouts;
        Self {
            first_token: (form == ReplyForm::Stream).then_some(first_token),
            idle,
            // The operator's bound holds: a client can ask for less time, never for more.
            total: most.map_or(total, |most| most.min(total)),
        }
    }
}
