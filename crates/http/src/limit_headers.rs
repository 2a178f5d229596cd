//! The headers by which clients see how much of their limits is left: the tightest one of requests, and of tokens.

use baton_engine::policy::PolicyStanding;
use baton_model::Timestamp;
use baton_model::entity::{Measure, PolicyMode};
use baton_model::schema::time;
use baton_web::{ClientApi, headers};
use http::{HeaderMap, HeaderName};

/// Says what is left of the limits that a request had to keep to; nothing of those that only nodes or operators know: money, and what
/// is under way.
///
/// References: OpenAI's guide "Rate limits", "Rate limits in headers"; Anthropic's API reference, "Rate limits", "Response headers".
pub fn describe(headers: &mut HeaderMap, standings: &[PolicyStanding], api: ClientApi, now: Timestamp) {
    for kind in ["requests", "tokens"] {
        let of_kind = standings
            .iter()
            .filter(|standing| standing.policy.mode == PolicyMode::Hard && name(standing.policy.measure) == Some(kind));
        let Some(tightest) = of_kind.min_by_key(|standing| standing.remaining()) else { continue };
        let (limit, remaining) = (tightest.limit.to_string(), tightest.remaining().to_string());
        // At the latest: when all that counts now has left the window.
        let full = tightest.full_within();
        let values = match api {
            ClientApi::Anthropic => [
                (format!("anthropic-ratelimit-{kind}-limit"), limit),
                (format!("anthropic-ratelimit-{kind}-remaining"), remaining),
                (format!("anthropic-ratelimit-{kind}-reset"), time::write(now.plus(full))),
            ],
            _ => [
                (format!("x-ratelimit-limit-{kind}"), limit),
                (format!("x-ratelimit-remaining-{kind}"), remaining),
                (format!("x-ratelimit-reset-{kind}"), format!("{}s", full.as_secs())),
            ],
        };
        for (name, text) in values {
            // Made of words: it is always a name.
            if let Ok(name) = HeaderName::try_from(name) {
                headers.insert(name, headers::value(&text));
            }
        }
    }
}

fn name(measure: Measure) -> Option<&'static str> {
    match measure {
        Measure::Requests => Some("requests"),
        Measure::Tokens | Measure::InputTokens | Measure::OutputTokens => Some("tokens"),
        Measure::Cost | Measure::Concurrency => None,
    }
}
