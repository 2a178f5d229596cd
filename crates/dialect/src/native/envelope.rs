//! A reply wrapped: what it cost and which model gave it, around the reply.

use crate::framing::sse;
use crate::json::{Object, object, quoted};
use baton_model::{Cost, ModelId, ProviderId, RequestId};
use bytes::Bytes;

/// What Baton tells beside the reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The request's id.
    pub request_id: RequestId,
    /// The model that replied.
    pub model_id: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// From the request's head to the reply's last byte, in milliseconds.
    pub latency_ms: u64,
    /// What it cost.
    pub cost: Cost,
    /// Whether the reply is from the cache.
    pub cached: bool,
    /// How many attempts it took.
    pub attempts: u32,
}

/// A whole reply: `{"response": …, "request_id": …, …}`. A response that is no JSON (subtitles) becomes a string.
pub fn wrap_reply(summary: &Summary, response: &[u8]) -> Vec<u8> {
    // Spliced in as text, so that numbers and key order stay as the provider wrote them.
    let response = match std::str::from_utf8(response) {
        Ok(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => text.to_owned(),
        _ => quoted(&String::from_utf8_lossy(response)),
    };
    object(|o| {
        o.raw("response", response.trim());
        write(summary, o);
    })
}

/// The event that tells the same in a stream, before `data: [DONE]`.
pub fn write_summary(summary: &Summary) -> Bytes {
    sse::write(Some("summary"), &object(|o| write(summary, o)))
}

fn write(summary: &Summary, o: &mut Object<'_>) {
    o.string("request_id", summary.request_id.as_str()).string("model_id", summary.model_id.as_str());
    o.string("provider", summary.provider.as_str()).integer("latency_ms", summary.latency_ms);
    match summary.cost {
        // Exact decimal dollars, which are a JSON number.
        Cost::Known(nanos) => o.raw("cost", &nanos.to_string()),
        Cost::Unpriced => o.null("cost"),
    };
    o.bool("cached", summary.cached).integer("attempts", summary.attempts);
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::Nanos;

    fn summary(cost: Cost) -> Summary {
        Summary {
            request_id: "r".into(),
            model_id: "m".into(),
            provider: "p".into(),
            latency_ms: 12,
            cost,
            cached: false,
            attempts: 2,
        }
    }

    #[test]
    fn the_response_stays_as_it_came() {
        let wrapped = wrap_reply(&summary(Cost::Known(Nanos(1_500))), b" {\"n\": 1.50} \n");
        let expected = r#"{"response":{"n": 1.50},"request_id":"r","model_id":"m","provider":"p","latency_ms":12,"cost":0.0000015,"cached":false,"attempts":2}"#;
        assert_eq!(String::from_utf8_lossy(&wrapped), expected);
        let wrapped = wrap_reply(&summary(Cost::Unpriced), b"1\n00:00 --> hi");
        assert!(String::from_utf8_lossy(&wrapped).starts_with(r#"{"response":"1\n00:00 --> hi","#));
        assert!(String::from_utf8_lossy(&wrapped).contains(r#""cost":null"#));
    }

    #[test]
    fn a_stream_ends_with_a_summary() {
        let event = write_summary(&summary(Cost::Known(Nanos::ZERO)));
        let expected = "event: summary\ndata: {\"request_id\":\"r\",\"model_id\":\"m\",\"provider\":\"p\",\"latency_ms\":12,\
                        \"cost\":0,\"cached\":false,\"attempts\":2}\n\n";
        assert_eq!(event, expected);
    }
}
