//! One try to deliver an event.

use super::message::WebhookMessage;
use super::sealed_row;
use super::secret::WebhookSecrets;
use baton_fetch::{FetchClient, FetchError, FetchReply, FetchRequest};
use baton_model::{Clock, Timestamp};
use baton_seal::Keyring;
use baton_store::webhooks::DueDelivery;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::sync::Arc;
use std::time::Duration;

/// What a try needs.
#[derive(Clone)]
pub struct Means {
    pub client: FetchClient,
    pub keyring: Option<Keyring>,
    pub clock: Arc<dyn Clock>,
}

/// A try that is over.
#[derive(Debug)]
pub struct DeliveryAttempt {
    /// The delivery.
    pub delivery: String,
    /// Whose it is.
    pub webhook: String,
    /// How often it had failed before.
    pub failures: u32,
    /// What came of it.
    pub outcome: DeliveryOutcome,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The service has it.
    Accepted(StatusCode),
    /// It has not: another try may help, after the time it asked for at the earliest.
    Again { status: Option<StatusCode>, error: String, after: Option<Duration> },
    /// It has not, and the same would happen again.
    Never(String),
    /// The service wants no more events.
    Gone,
}

impl DeliveryOutcome {
    /// Whether the service took it.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }
}

/// Delivers an event; takes as long as the client's limit at most.
pub async fn call(means: Means, due: DueDelivery) -> DeliveryAttempt {
    let outcome = match request(&means, &due) {
        Ok(request) => match means.client.send(request).await {
            Ok(reply) => outcome_of_reply(&reply, means.clock.now()),
            Err(error) => outcome_of_failure(&error),
        },
        // An operator can put that right.
        Err(error) => DeliveryOutcome::Again { status: None, error, after: None },
    };
    DeliveryAttempt { delivery: due.delivery.id, webhook: due.webhook.id, failures: due.delivery.attempts, outcome }
}

fn request(means: &Means, due: &DueDelivery) -> Result<FetchRequest, String> {
    let webhook = &due.webhook;
    let keyring = means.keyring.as_ref();
    let keyring = keyring.ok_or("the webhook's secret is encrypted, but BATON_SECRET_KEY is not set")?;
    // Opened for each try, so that the plain secret does not stay in memory between them.
    let opened = keyring.open_text(&sealed_row(&webhook.id), &webhook.sealed_secret);
    let opened = opened.map_err(|error| format!("the webhook's secret can't be read: {error}"))?;
    let secrets =
        WebhookSecrets::read(&opened).map_err(|error| format!("the webhook's secret can't be read: {error}"))?;
    let message = WebhookMessage::of_event(webhook.format, &due.event);
    Ok(signed(&webhook.url, &secrets, message, means.clock.now()))
}

/// A message for a webhook, signed. So are sentences for Slack, which passes over headers that it does not know: a relay in
/// between can check them.
pub fn signed(url: &str, secrets: &WebhookSecrets, message: WebhookMessage, now: Timestamp) -> FetchRequest {
    let WebhookMessage { id, body, content_type } = message;
    let signatures = secrets.signatures(&id, now, body.as_bytes());
    let request = [
        ("webhook-id", id),
        // The time of this try and not of the event: receivers refuse what is older than a few minutes.
        ("webhook-timestamp", now.seconds().to_string()),
        ("webhook-signature", signatures),
    ]
    .into_iter()
    // Ids, digits and base64 are always values of headers.
    .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?)))
    // Only the status counts, so a reply that is too long is no failure.
    .fold(FetchRequest::post(url, body).cut_large_replies(), |request, (name, value)| request.header(name, value));
    request.header(CONTENT_TYPE, HeaderValue::from_static(content_type))
}

fn outcome_of_reply(reply: &FetchReply, now: Timestamp) -> DeliveryOutcome {
    let status = reply.status;
    if status.is_success() {
        return DeliveryOutcome::Accepted(status);
    }
    // The Standard Webhooks scheme defines 410 as the end of the subscription.
    if status == StatusCode::GONE {
        return DeliveryOutcome::Gone;
    }
    let hint = if status.is_redirection() { "; redirects are not followed: register the final address" } else { "" };
    let error = format!("the service replied {status}{hint}");
    DeliveryOutcome::Again { status: Some(status), error, after: retry_after(&reply.headers, now) }
}

fn outcome_of_failure(error: &FetchError) -> DeliveryOutcome {
    match error {
        // No connection is made, so trying again would find out nothing but whether the name has moved.
        FetchError::Refused { .. } | FetchError::Address { .. } => DeliveryOutcome::Never(error.to_string()),
        _ => DeliveryOutcome::Again { status: None, error: error.to_string(), after: None },
    }
}

/// How long the service asks to be left alone: seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let since = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let until = Timestamp(i64::try_from(since.as_micros()).ok()?);
    Some(until.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date() {
        let now = Timestamp(1_795_435_200_000_000); // 2026-11-23T12:00:00Z
        for (text, expected) in [
            ("120", Some(120)),
            ("Mon, 23 Nov 2026 12:01:00 GMT", Some(60)),
            ("Mon, 23 Nov 2026 11:00:00 GMT", Some(0)),
            ("-5", None),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
