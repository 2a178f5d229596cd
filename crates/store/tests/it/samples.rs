//! Things to store.

use baton_model::capability::Capability;
use baton_model::chat::Json;
use baton_model::entity::{MaxTokensField, ReasoningStyle};
use baton_model::fault::ErrorKind;
use baton_model::price::{ContextTier, Factor, Rates, ServiceTier};
use baton_model::record::{AttemptError, AttemptRecord, Attribution, CacheUse, Outcome, RequestError, RequestRecord};
use baton_model::{
    Code, Cost, KeyId, Model, ModelId, ModelSource, ModelStatus, Nanos, Price, ProviderId, Quirks, RequestId,
    Timestamp, Usage, UsageClass, UsageOrigin,
};

/// 2026-11-23T00:00:00Z.
pub const MIDNIGHT: i64 = 1_795_392_000_000_000;

pub fn model(id: &str) -> Model {
    let rates = Rates::default().with(UsageClass::Input, Nanos(590_000_000)).with(UsageClass::Output, Nanos(1));
    Model {
        upstream: "llama-3.3-70b-versatile".into(),
        capabilities: vec![Capability::Chat, Capability::AudioSpeech],
        status: ModelStatus::Deprecated,
        display_name: Some("Fast \"one\"".into()),
        max_tokens: Some(32_768),
        token_limit: Some(131_072),
        price: Some(Price {
            rates: rates.clone(),
            context_tiers: vec![ContextTier { above: 200_000, rates: rates.clone() }],
            service_tiers: vec![ServiceTier::of_rates("flex", rates)],
            ..Price::default()
        }),
        fallbacks: vec![ModelId::from("org/model:q4"), ModelId::from("ü")],
        configuration: vec![
            // Spellings that a parser would change: `1e0`, a number beyond 64 bits, `1.10`.
            ("temperature".into(), Json("1e0".into())),
            ("big".into(), Json("12345678901234567890123".into())),
        ],
        metadata: Json(r#"{"b":1,"a":[1.10]}"#.into()),
        source: ModelSource::Api,
        created_at: Timestamp(MIDNIGHT),
        updated_at: Timestamp(MIDNIGHT + 1),
        quirks: Quirks {
            max_tokens_field: MaxTokensField::MaxTokens,
            refuses: vec!["temperature".into()],
            reasoning: ReasoningStyle::Adaptive,
            prefill: Some(false),
            stream_usage: Some(true),
            ..Quirks::default()
        },
        tokenizer: Some("o200k".into()),
        ..Model::new(id, "groq")
    }
}

/// An attempt at a model that took so many microseconds.
pub fn attempt(model: &str, cost: Cost, usage: Usage) -> AttemptRecord {
    AttemptRecord {
        model: ModelId::from(model),
        provider: ProviderId::from(format!("{model}-provider")),
        upstream: format!("{model}-upstream"),
        upstream_request_id: Some(format!("{model}-request")),
        started: Timestamp(MIDNIGHT + 10),
        finished: Timestamp(MIDNIGHT + 900),
        outcome: Outcome::Completed,
        error: None,
        usage,
        origin: UsageOrigin::Reported,
        cost,
        unpriced: (cost == Cost::Unpriced).then(|| "the model has no price".to_owned()),
    }
}

/// A completed request that arrived so many microseconds after midnight.
pub fn record(number: u32, arrived: i64, attempts: Vec<AttemptRecord>) -> RequestRecord {
    let last = attempts.last();
    RequestRecord {
        id: RequestId::from(format!("0193-{number:06}")),
        arrived: Timestamp(MIDNIGHT + arrived),
        finished: Timestamp(MIDNIGHT + arrived + 1_000),
        first_content: Some(Timestamp(MIDNIGHT + arrived + 500)),
        api: "openai".into(),
        capability: Capability::Chat,
        stream: true,
        requested: "smart".into(),
        served: last.map(|attempt| attempt.model.clone()),
        provider: last.map(|attempt| attempt.provider.clone()),
        attribution: Attribution { key: Some(KeyId::from("key_1")), ..Attribution::default() },
        outcome: Outcome::Completed,
        status: 200,
        error: None,
        cache: CacheUse::Miss,
        charge_factor: None,
        attempts,
    }
}

/// A record in which every field holds something.
pub fn full_record() -> RequestRecord {
    let mut usage = Usage::default();
    for (amount, class) in (1..).zip(UsageClass::ALL) {
        usage.set(class, amount * 7);
    }
    usage.service_tier = Some("priority".into());
    usage.region = Some("us".into());
    let failed = AttemptRecord {
        outcome: Outcome::Failed,
        error: Some(AttemptError { kind: ErrorKind::Overloaded, message: "busy\n\"now\"".into() }),
        origin: UsageOrigin::Estimated,
        ..attempt("claude", Cost::Unpriced, Usage::default())
    };
    RequestRecord {
        attribution: Attribution {
            key: Some(KeyId::from("key_1")),
            project: Some("search".into()),
            user: Some("ada".into()),
            task: Some("t-1".into()),
            tags: vec!["a".into(), "b,c".into()],
            metadata: Some(Json(r#"{"n": 1.50, "a": null}"#.into())),
        },
        outcome: Outcome::Cancelled,
        status: 499,
        error: Some(RequestError { code: Code::ProviderError, message: "the provider’s line broke".into() }),
        charge_factor: Factor::parse("1.2"),
        ..record(1, 5, vec![failed, attempt("gpt-4o", Cost::Known(Nanos(123_456_789)), usage)])
    }
}
