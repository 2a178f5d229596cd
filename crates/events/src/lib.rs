//! Events on their way from the database: the relay to the bus, and webhooks.
//!
//! What happens is written into the outbox, in the transaction that it belongs to. From there
//! - [`Relay`] publishes it on the bus, and gives it its place in the stream that the API shows;
//! - [`WebhookSender`] delivers it to services over HTTP, signed by the Standard Webhooks scheme.
//!
//! Both do bounded *rounds* of work, on one node at a time: whoever calls [`Relay::round`] or [`WebhookSender::round`] holds
//! the lease. A round never fails: what is in its way is logged once an outage, and tried again with pauses. Everything
//! arrives at least once; who wants it once looks at the event's id.
//!
//! [`cloud`] is what an event looks like outside, wherever it arrives.

mod cloud;
mod outage;
mod relay;
pub mod webhooks;

pub use cloud::cloud;
pub use relay::Relay;
pub use webhooks::WebhookSender;
