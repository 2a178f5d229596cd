//! Whose a reply's headers are: the id and the limits are Baton's own, and the provider's stand beside them.

use crate::baton::{Baton, chat_body};
use baton_sim::SimFault;
use serde_json::json;

/// What each API's clients report as the id, and where the provider's own is.
const APIS: [(&str, &str, &str, &str); 3] = [
    ("/v1/messages", "claude", "request-id", "llm_provider-request-id"),
    ("/v1/chat/completions", "gpt", "x-request-id", "llm_provider-x-request-id"),
    ("/v1/messages", "gpt", "request-id", "llm_provider-x-request-id"),
];

#[tokio::test]
async fn the_id_is_batons_and_the_providers_stands_beside_it_and_in_the_record() {
    for (path, model, own, theirs) in APIS {
        for (more, fault, status) in [
            (json!({ "max_tokens": 50 }), None, 200),
            (json!({ "max_tokens": 50, "stream": true }), None, 200),
            (json!({ "max_tokens": 50 }), Some(SimFault::Status(429)), 429),
        ] {
            let baton = Baton::start().await;
            for sim in [&baton.openai, &baton.anthropic] {
                sim.script([fault]);
            }
            let told = baton.post(path, &chat_body(model, "Say hello", more)).await.expect(status);
            let ids = told.headers.get_all(own).iter().count();
            assert_eq!((told.header(own), ids), (told.header("x-request-id"), 1), "{path} {model} {status}");
            if model != "gpt" || status == 200 || path != "/v1/messages" {
                assert_eq!(told.header(theirs), Some("req_sim_1"), "{path} {model} {status}");
            }
            let record = baton.record(&told).await;
            assert_eq!(record.attempts[0].upstream_request_id.as_deref(), Some("req_sim_1"), "{path} {model} {status}");
        }
    }
}

#[tokio::test]
async fn the_providers_limits_are_not_taken_for_batons() {
    for (path, model, theirs) in [
        ("/v1/chat/completions", "gpt", "x-ratelimit-remaining-requests"),
        ("/v1/messages", "claude", "anthropic-ratelimit-requests-remaining"),
        ("/v1/messages", "gpt", "x-ratelimit-remaining-requests"),
    ] {
        for (fault, status) in [(None, 200), (Some(SimFault::Status(400)), 400)] {
            let baton = Baton::start().await;
            for sim in [&baton.openai, &baton.anthropic] {
                sim.script([fault]);
            }
            let told =
                baton.post(path, &chat_body(model, "Say hello", json!({ "max_tokens": 50 }))).await.expect(status);
            assert_eq!(told.header(theirs), None, "{path} {model} {status}");
            // A translated error has nothing of the provider's.
            if status == 200 || path != "/v1/messages" || model == "claude" {
                let beside = told.header(&format!("llm_provider-{theirs}"));
                assert!(beside.is_some(), "{path} {model} {status}");
            }
        }
    }
}
