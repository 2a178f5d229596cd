//! Webhooks: events for services that have no bus, as signed requests.
//!
//! A webhook gets each event that it wants as a `POST` of the CloudEvent, or of a sentence about it, signed by the Standard
//! Webhooks scheme (<https://www.standardwebhooks.com>). A reply of 2xx within the time accepts it; anything else is tried again by
//! the schedule, and at its end the delivery is *dead*: kept, listed, and delivered again when an admin says so. 410
//! ends the webhook itself.
//!
//! - [`secret`]: what messages are signed with;
//! - [`target`]: which addresses can be registered; what is connected to is checked by [`baton_fetch`] each time;
//! - `message.rs`, `sentence.rs`, `slack.rs`: what is posted;
//! - `schedule.rs`, `call.rs`: when a delivery is tried, and one try;
//! - `rounds.rs`: many at once, without one slow service holding up the others;
//! - `test_message.rs`: a message that only tests a webhook.

mod call;
mod message;
mod rounds;
mod schedule;
pub mod secret;
mod sentence;
mod slack;
pub mod target;
mod test_message;

pub use message::TEST;
pub use rounds::WebhookSender;
pub use schedule::Schedule;
pub use secret::{WebhookSecret, WebhookSecretFault, WebhookSecrets};
pub use test_message::{TestResult, send_test};

use ipnet::IpNet;
use std::time::Duration;

/// The most of a reply that is read; only the status counts.
const READ: usize = 16 << 10;

/// How webhooks are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Networks besides the public internet where webhooks may be.
    pub allow: Vec<IpNet>,
    /// How long a service may take to reply.
    pub timeout: Duration,
    /// The waits between tries.
    pub schedule: Schedule,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { allow: Vec::new(), timeout: Duration::from_secs(10), schedule: Schedule::default() }
    }
}

/// What a webhook's secret is bound to when it is sealed.
pub fn sealed_row(id: &str) -> String {
    format!("webhooks/{id}/secret")
}
