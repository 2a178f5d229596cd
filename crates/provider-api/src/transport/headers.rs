//! What the head of a reply holds.

use super::encoding::{ContentEncoding, UnknownEncoding};
use crate::error::ProviderError;
use baton_model::Timestamp;
use baton_model::fault::ErrorKind;
use http::{HeaderMap, StatusCode, header};
use std::time::{Duration, UNIX_EPOCH};

/// The longest wait that is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// A redirect: the address may be an internal one, so only the log gets it.
#[derive(Debug, thiserror::Error)]
#[error("it redirects to {0}; correct the base_url")]
struct RedirectsTo(String);

/// Refuses a reply that can't be used whatever its body says. Returns how the body is compressed.
pub(super) fn check(
    status: StatusCode,
    headers: &HeaderMap,
    peer: &str,
) -> Result<Option<ContentEncoding>, ProviderError> {
    if status.is_redirection() {
        // Not followed: the credentials would go to an address that no operator has written down.
        let aim = text(headers, "location").map_or_else(|| "nowhere".into(), printable);
        let message = format!("{peer} replied with a redirect ({}), which is not followed", status.as_u16());
        return Err(ProviderError::new(ErrorKind::Protocol, message).with_cause(RedirectsTo(aim)));
    }
    // It was not asked for. Some services, and proxies before them, compress all the same.
    ContentEncoding::of(headers).map_err(|UnknownEncoding(encoding)| {
        let encoding = printable(&String::from_utf8_lossy(encoding.as_bytes()));
        let message = format!("{peer} replied with content-encoding {encoding}, though identity was requested");
        ProviderError::new(ErrorKind::Protocol, message)
    })
}

/// How long the provider asks to wait: `retry-after-ms` (OpenAI), or `retry-after` in seconds or as a date (RFC 9110,
/// 10.2.3). A date that has passed is no wait at all.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    // The more exact of the two first, as OpenAI's SDKs do.
    let millis = text(headers, "retry-after-ms").and_then(|text| text.parse::<f64>().ok());
    if let Some(wait) = millis.and_then(|millis| Duration::try_from_secs_f64(millis / 1000.0).ok()) {
        // A provider that says "a year" would switch a model off for as long.
        return Some(wait.min(LONGEST_WAIT));
    }
    let text = text(headers, header::RETRY_AFTER.as_str())?;
    let wait = match text.parse::<f64>() {
        // A fraction is against RFC 9110. OpenAI's SDKs read it all the same.
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => {
            let moment = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
            moment.saturating_sub(Duration::from_micros(u64::try_from(now.0).ok()?))
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

/// Headers of a reply that may matter to the client: rate limits, request ids, what OpenAI says of itself.
pub fn select_for_client(headers: &HeaderMap) -> Vec<(String, String)> {
    // A list of what is let through: anything else (cookies, names of machines, lengths of a body that is rewritten)
    // stays here.
    let tells = |name: &str| {
        name.starts_with("x-ratelimit-")
            || name.starts_with("anthropic-ratelimit-")
            || name.starts_with("openai-")
            || matches!(name, "request-id" | "x-request-id" | "anthropic-organization-id")
    };
    headers
        .iter()
        .filter(|(name, _)| tells(name.as_str()))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect()
}

/// What the provider calls the request, among the headers that [`select_for_client`] let through.
pub fn upstream_request_id(headers: &[(String, String)]) -> Option<&str> {
    let find = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, id)| id.as_str());
    find("x-request-id").or_else(|| find("request-id"))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    Some(headers.get(name)?.to_str().ok()?.trim())
}

/// Without query (which may hold a secret) or fragment, and not without end.
fn printable(text: &str) -> String {
    text.split(['?', '#']).next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn waits_are_read_in_each_form() {
        let check = |name: &'static str, value: &str, expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
            let now = Timestamp(1_764_000_000 * 1_000_000); // Mon, 24 Nov 2025 16:00:00 GMT
            assert_eq!(retry_after(&headers, now), expected.map(Duration::from_millis), "{name}: {value}");
        };
        check("retry-after", "20", Some(20_000));
        check("retry-after", "0.5", Some(500));
        check("retry-after-ms", "1500", Some(1500));
        check("retry-after", "Mon, 24 Nov 2025 16:00:30 GMT", Some(30_000));
        check("retry-after", "Mon, 24 Nov 2025 15:00:00 GMT", Some(0));
        check("retry-after", "soon", None);
        check("retry-after", "-1", None);
        check("retry-after", "1e300", None);
        check("retry-after", "999999999", Some(86_400_000));
    }

    #[test]
    fn the_target_of_a_redirect_is_logged_without_its_query_and_not_shown() {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, HeaderValue::from_static("https://login.example/?token=secret"));
        let error = check(StatusCode::FOUND, &headers, "provider `p`").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol);
        assert_eq!(error.message, "provider `p` replied with a redirect (302), which is not followed");
        assert!(error.chain().contains("https://login.example/"), "{}", error.chain());
        assert!(!error.chain().contains("secret"), "{}", error.chain());
    }
}
