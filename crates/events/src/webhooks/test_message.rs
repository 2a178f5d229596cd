//! A test message: sent at once and once, outside of the queue of deliveries, so that whoever sets a webhook up sees
//! what its service replies.

use super::call::signed;
use super::message::WebhookMessage;
use super::secret::WebhookSecrets;
use super::{READ, WebhookSettings};
use baton_fetch::{FetchClient, FetchLimits};
use baton_model::Timestamp;
use baton_model::entity::WebhookFormat;
use http::StatusCode;
use ipnet::IpNet;

/// What came of a test message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// The status of the reply; `None`: there was none.
    pub status: Option<StatusCode>,
    /// Why the service does not have it; `None`: it has.
    pub error: Option<String>,
}

/// Sends a test message to that address, in the format and signed as every message is. `id` is its event id, `source` this
/// node.
pub async fn send_test(
    (url, format): (&str, WebhookFormat),
    secrets: &WebhookSecrets,
    allowed: &[IpNet],
    (id, source): (&str, &str),
    now: Timestamp,
) -> TestResult {
    let message = WebhookMessage::of_test(format, (id, source), now);
    // The same guard as for every delivery: a test must not reach what a delivery can't.
    let limits = FetchLimits { time: WebhookSettings::default().timeout, bytes: READ };
    let client = FetchClient::guarded(allowed.to_vec()).with_limits(limits);
    match client.send(signed(url, secrets, message, now)).await {
        Ok(reply) if reply.status.is_success() => TestResult { status: Some(reply.status), error: None },
        Ok(reply) => {
            let error = format!("the service replied {}; any status of 2xx accepts a message", reply.status);
            TestResult { status: Some(reply.status), error: Some(error) }
        }
        Err(error) => TestResult { status: None, error: Some(error.to_string()) },
    }
}
