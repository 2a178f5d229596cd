//! Every type of event has a sentence, and none lets a text from outside be more than a text.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::super::message::WebhookMessage;
use super::*;
use baton_model::Timestamp;
use baton_model::entity::WebhookFormat;
use serde_json::{Value, json};

fn event(kind: EventKind, subject: &str, data: &Value) -> StoredEvent {
    StoredEvent {
        id: "0193-1".into(),
        kind,
        subject: subject.into(),
        time: Timestamp(0),
        data: data.to_string(),
        traceparent: None,
        source: "node-1".into(),
        position: None,
    }
}

/// Data as each type of event has it.
fn sample(kind: EventKind) -> (&'static str, Value) {
    let budget = json!({
        "budget_id": "team", "scope": { "user": "*" }, "values": { "user": "ann" }, "threshold": 0.125, "amount": 10.5,
        "spent": 1.3125, "resets_at": "2026-12-01T00:00:00Z",
    });
    let provider = json!({ "provider": "openai" });
    match kind {
        EventKind::ModelRegistered | EventKind::ModelUpdated | EventKind::ModelDeleted => {
            ("fast", json!({ "model_id": "fast", "provider": "groq" }))
        }
        EventKind::ModelRequestCompleted => (
            "0193-a",
            json!({ "requested": "f", "model": "fast", "provider": "groq", "latency_ms": 812, "cost": 0.0002 }),
        ),
        EventKind::ModelRequestFailed => (
            "0193-a",
            json!({ "requested": "fast", "outcome": "failed", "error": { "code": "overloaded", "message": "busy" } }),
        ),
        EventKind::ModelFeedbackReceived => {
            ("0193-a", json!({ "model_id": "fast", "provider": "groq", "score": -0.5, "comment": "wrong" }))
        }
        EventKind::ModelHealthChanged => (
            "fast",
            json!({
                "provider": "groq", "circuit": "open", "failures_in_a_row": 5,
                "last_error": { "kind": "timeout", "message": "no reply" },
            }),
        ),
        EventKind::BudgetThreshold | EventKind::BudgetExceeded => ("team", budget),
        EventKind::LimitExceeded => (
            "rpm",
            json!({ "values": { "key": "key_1" }, "measure": "requests", "amount": 60, "per": "minute", "mode": "hard" }),
        ),
        EventKind::UsageUnpriced => ("fast", json!({ "provider": "groq", "reason": "the model has no price" })),
        EventKind::ProviderUnavailable => (
            "openai",
            json!({
                "reason": "circuits_open", "models": ["a"],
                "last_error": { "kind": "unreachable", "message": "connection refused" },
            }),
        ),
        EventKind::ProviderRecovered => ("openai", provider),
        EventKind::KeyCreated | EventKind::KeyRevoked => ("key_1", json!({ "name": "ci", "project_id": "search" })),
        EventKind::ProviderRegistered | EventKind::ProviderUpdated | EventKind::ProviderDeleted => ("openai", provider),
        EventKind::ProjectCreated | EventKind::ProjectUpdated | EventKind::ProjectDeleted => ("search", json!({})),
        EventKind::BudgetCreated | EventKind::BudgetUpdated | EventKind::BudgetDeleted => {
            ("team", json!({ "amount": 500, "period": "month" }))
        }
        EventKind::LimitCreated | EventKind::LimitUpdated | EventKind::LimitDeleted => ("rpm", json!({})),
        EventKind::UserCreated | EventKind::UserUpdated | EventKind::UserDeleted => ("ann", json!({})),
    }
}

#[test]
fn every_type_has_a_sentence() {
    let sentences = EventKind::ALL.map(|kind| {
        let (subject, data) = sample(kind);
        sentence(&event(kind, subject, &data))
    });
    let expected = [
        "The model `fast` of the provider `groq` was registered.",
        "The model `fast` of the provider `groq` was changed.",
        "The model `fast` of the provider `groq` was deleted.",
        "The request `0193-a` for the model `fast` of the provider `groq` completed after 812 ms and cost 0.0002 dollars.",
        "The request `0193-a` for the model `fast` failed: overloaded, `busy`.",
        "The reply to the request `0193-a` for the model `fast` of the provider `groq` was rated with -0.5, from -1 to 1: `wrong`.",
        "The model `fast` of the provider `groq` fails on the node `node-1`: its circuit opened after 5 failures in a row: timeout, `no reply`.",
        "The budget `team` (user `ann`) has reached 12.5 percent of its amount: 1.3125 of 10.5 dollars; it resets at `2026-12-01T00:00:00Z`.",
        "The budget `team` (user `ann`) is spent: 1.3125 of 10.5 dollars; it resets at `2026-12-01T00:00:00Z`.",
        "The limit `rpm` (key `key_1`) refuses requests: it allows 60 requests per minute; said once in an hour.",
        "The model `fast` of the provider `groq` was used without a price: `the model has no price`; said once in a day.",
        "The provider `openai` is unavailable on the node `node-1`: none of its models replies: unreachable, `connection refused`.",
        "The provider `openai` replies again (node `node-1`).",
        "The key `key_1` (`ci`) of the project `search` was created.",
        "The key `key_1` (`ci`) of the project `search` was revoked.",
        "The provider `openai` was registered.",
        "The provider `openai` was changed.",
        "The provider `openai` was deleted.",
        "The project `search` was created.",
        "The project `search` was changed.",
        "The project `search` was deleted.",
        "The budget `team` (500 dollars, period month) was created.",
        "The budget `team` (500 dollars, period month) was changed.",
        "The budget `team` was deleted.",
        "The limit `rpm` was created.",
        "The limit `rpm` was changed.",
        "The limit `rpm` was deleted.",
        "The user `ann` was registered.",
        "The user `ann` was changed.",
        "The user `ann` was deleted.",
    ];
    for (sentence, expected) in sentences.iter().zip(expected) {
        assert_eq!(sentence, expected);
    }
}

#[test]
fn other_outcomes_have_sentences_of_their_own() {
    let check = |kind, data: Value, expected: &str| assert_eq!(sentence(&event(kind, "x", &data)), expected);
    let failed = EventKind::ModelRequestFailed;
    check(failed, json!({ "outcome": "cancelled" }), "The request `x` was cancelled by its client.");
    check(failed, json!({ "outcome": "interrupted" }), "The request `x` was interrupted, because its node ended.");
    let closed = "The model `x` replies again on the node `node-1`: its circuit closed.";
    check(EventKind::ModelHealthChanged, json!({ "circuit": "closed", "last_error": null }), closed);
    let soft = json!({ "mode": "soft", "measure": "concurrency", "amount": 2, "per": null, "values": {} });
    let exceeded =
        "The limit `x` is exceeded and lets requests through: it allows 2 requests at once; said once in an hour.";
    check(EventKind::LimitExceeded, soft, exceeded);
    let refused = json!({ "reason": "key_refused", "last_error": { "kind": "authentication", "message": "bad key" } });
    let key = "The provider `x` refuses its key on the node `node-1`: authentication, `bad key`.";
    check(EventKind::ProviderUnavailable, refused, key);
    check(EventKind::ModelFeedbackReceived, json!({ "score": null }), "The reply to the request `x` was rated.");
}

/// Puts a hostile text wherever an event has one.
fn poison(value: &mut Value, text: &str) {
    match value {
        Value::String(word) => text.clone_into(word),
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, text)),
        Value::Object(members) => members.values_mut().for_each(|member| poison(member, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn hostile_texts_stay_texts() {
    let hostile = "<!channel> `*x* @all <https://evil.example|click>\n> & \u{0} \"";
    for kind in EventKind::ALL {
        let (_, mut data) = sample(kind);
        poison(&mut data, hostile);
        let told = event(kind, hostile, &data);
        let message = WebhookMessage::of_event(WebhookFormat::Slack, &told);
        let body: Value = serde_json::from_str(&message.body).unwrap();
        let text = body["text"].as_str().unwrap();
        assert!(text.contains("&lt;!channel&gt; '*x* @\u{200b}all"), "{text}");
        assert!(!text.contains(['<', '>', '\n', '\0']) && !text.contains("@all"), "{text}");
        // Code begins as often as it ends, so what is Baton's own and what is not don't change places.
        assert_eq!(text.matches('`').count() % 2, 0, "{text}");
        assert_eq!((message.id.as_str(), message.content_type), ("0193-1", "application/json"));
    }
}

#[test]
fn an_event_without_data_has_a_sentence_all_the_same() {
    for kind in EventKind::ALL {
        for data in [json!({}), json!(null), json!([1])] {
            let sentence = sentence(&event(kind, "x", &data));
            assert!(sentence.starts_with("The ") && sentence.ends_with('.') && sentence.contains("`x`"), "{sentence}");
        }
    }
}
