#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::catalogue::Entry;
use baton_model::{Capability, Nanos, Timestamp, UsageClass};
use proptest::prelude::*;

const MODELS_DEV: &str = r#"{
    "openai": {"id": "openai", "models": {
        "gpt-x": {
            "id": "gpt-x", "name": "X", "limit": {"context": 400000, "input": 272000, "output": 128000},
            "modalities": {"input": ["text", "image", "smell"], "output": ["text"]},
            "cost": {"input": 2.5, "output": 15, "cache_read": 0.25, "input_audio": 40,
                "tiers": [{"tier": {"size": 272000}, "input": 5, "output": 22.5}]},
            "experimental": {"modes": {"fast": {"cost": {"input": 5}, "provider": {"body": {"service_tier": "priority"}}}}}
        },
        "gpt-x-realtime": {"limit": {"context": 1, "output": 1}, "modalities": {"output": ["audio"]}},
        "text-embedding-x": {"limit": {"context": 8192}, "cost": {"input": 0.02, "output": 0}, "modalities": {"output": ["text"]}}
    }},
    "nobody": {"models": {"a": {}, "b": {}}}
}"#;

const LITELLM: &str = r#"{
    "sample_spec": {"litellm_provider": "one of them", "mode": "chat"},
    "gpt-x": {
        "litellm_provider": "openai", "mode": "chat", "max_input_tokens": 272000.0, "max_output_tokens": "128000",
        "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1.5e-05,
        "cache_creation_input_token_cost": 3.125e-06, "cache_creation_input_token_cost_above_1hr": 5e-06,
        "input_cost_per_token_above_272k_tokens": 5e-06, "input_cost_per_token_flex": 1.25e-06,
        "input_cost_per_token_above_272k_tokens_flex": 2.4999999999999998e-06, "output_cost_per_token_batches": 7.5e-06,
        "search_context_cost_per_query": {"search_context_size_medium": 0.01},
        "regional_processing_uplift_multiplier_eu": 1.1, "provider_specific_entry": {"us": 1.1, "fast": 2.0},
        "supports_vision": true, "deprecation_date": "2027-01-14"
    },
    "groq/whisper-x": {"litellm_provider": "groq", "mode": "audio_transcription", "input_cost_per_second": 3.083e-05},
    "bedrock/whatever": {"litellm_provider": "bedrock", "mode": "chat", "input_cost_per_token": 1e-06},
    "openai/free": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 0}
}"#;

fn read_all(json: &str) -> Import {
    read(json.as_bytes(), "here", "2026-11-27").unwrap()
}

fn find<'i>(import: &'i Import, vendor: &str, id: &str) -> &'i Entry {
    import.catalogue.lookup(vendor, id).unwrap()
}

fn dollars(entry: &Entry, class: UsageClass) -> Option<String> {
    entry.price.as_ref()?.rates.get(class).map(|rate| rate.to_string())
}

#[test]
fn the_shape_of_models_dev_is_read() {
    let import = read_all(MODELS_DEV);
    // The two of nobody, and live audio.
    assert_eq!((import.form, import.skipped, import.catalogue.entries().len()), (Form::ModelsDev, 3, 2));
    let x = find(&import, "openai", "gpt-x");
    assert_eq!((x.token_limit, x.max_tokens), (Some(400_000), Some(128_000)));
    assert_eq!((x.reads.join(" "), x.writes.join(" ")), ("text image".into(), "text".into()));
    assert_eq!(dollars(x, UsageClass::AudioInput).as_deref(), Some("40"));
    let price = x.price.as_ref().unwrap();
    assert_eq!(price.context_tiers.iter().map(|tier| tier.above).collect::<Vec<_>>(), [272_000]);
    let tiers = price.service_tiers.iter().map(|tier| (tier.name.as_str(), tier.rates.get(UsageClass::Input)));
    assert_eq!(tiers.collect::<Vec<_>>(), [("priority", Nanos::parse("5"))]);
    assert_eq!(find(&import, "openai", "text-embedding-x").capabilities, [Capability::Embedding]);
}

#[test]
fn the_shape_of_litellm_is_read() {
    let import = read_all(LITELLM);
    assert_eq!((import.form, import.skipped, import.catalogue.entries().len()), (Form::LiteLlm, 3, 2));
    let x = find(&import, "openai", "gpt-x");
    assert_eq!((x.token_limit, x.max_tokens), (Some(272_000), Some(128_000)));
    assert_eq!(x.deprecated.as_deref(), Some("2027-01-14"));
    for (class, expected) in [
        (UsageClass::Input, "2.5"),
        (UsageClass::Output, "15"),
        (UsageClass::CacheWrite, "3.125"),
        (UsageClass::CacheWrite1h, "5"),
        (UsageClass::WebSearches, "10000"),
    ] {
        assert_eq!(dollars(x, class).as_deref(), Some(expected), "{class:?}");
    }
    let price = x.price.as_ref().unwrap();
    assert_eq!(price.context_tiers.first().and_then(|tier| tier.rates.get(UsageClass::Input)), Nanos::parse("5"));
    let tier = |name: &str| price.service_tiers.iter().find(|tier| tier.name == name).unwrap();
    assert_eq!(tier("flex").rates.get(UsageClass::Input), Nanos::parse("1.25"));
    // What a float made longer is rounded.
    assert_eq!(
        tier("flex").context_tiers.first().and_then(|tier| tier.rates.get(UsageClass::Input)),
        Nanos::parse("2.5")
    );
    assert_eq!(tier("batch").rates.get(UsageClass::Output), Nanos::parse("7.5"));
    assert_eq!(tier("fast").factor.map(|factor| factor.to_string()).as_deref(), Some("2"));
    let regions: Vec<_> = price.regions.iter().map(|(name, factor)| format!("{name} {factor}")).collect();
    assert_eq!(regions, ["eu 1.1", "us 1.1"]);
    // $0.00003083 a second is $0.03083 for a million milliseconds.
    assert_eq!(dollars(find(&import, "groq", "whisper-x"), UsageClass::AudioMillis).as_deref(), Some("0.03083"));
}

#[test]
fn the_own_shape_is_read_and_says_where_it_is_from() {
    let own = r#"{"date": "2026-11-20", "models": [
        {"vendor": "openai", "id": "a", "price": {"input": "1"}},
        {"vendor": "openai", "id": "b", "price": {"input": "1"}, "source": "there", "date": "2026-11-01"}]}"#;
    let import = read_all(own);
    let from = |id: &str| (find(&import, "openai", id).source.clone(), find(&import, "openai", id).date.clone());
    assert_eq!(from("a"), ("here".into(), "2026-11-20".into()));
    assert_eq!(from("b"), ("there".into(), "2026-11-01".into()));
    assert!(!import.completes());
}

#[test]
fn what_is_wrong_is_named_and_nothing_is_taken_over() {
    for (json, path, problem) in [
        ("", "", "must be a JSON object"),
        ("{}", "", "must be a JSON object"),
        (r#"{"a": 1}"#, "", "must be a JSON object"),
        (
            r#"{"openai": {"models": {"x": {"modalities": {"output": ["text"]}, "cost": {"input": "dear"}}}}}"#,
            "openai.models.x.cost.input",
            "\"dear\"",
        ),
        (
            r#"{"openai": {"models": {"x": {"modalities": {"output": ["text"]}, "cost": {"input": -1}}}}}"#,
            "openai.models.x.cost.input",
            "-1",
        ),
        (
            r#"{"openai": {"models": {"x": {"modalities": {"output": ["text"]}, "limit": {"context": "wide"}}}}}"#,
            "openai.models.x.limit.context",
            "wide",
        ),
        (r#"{"openai": {"models": {"x": 1}}}"#, "openai.models.x", "must be"),
        (
            r#"{"x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": "dear"}}"#,
            "x.input_cost_per_token",
            "dear",
        ),
        (
            r#"{"x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6, "max_input_tokens": -1}}"#,
            "x.max_input_tokens",
            "-1",
        ),
        (
            r#"{"models": [{"vendor": "openai", "id": "a", "price": {"input": "5000"}}]}"#,
            "openai/a: price.input",
            "is not 0 to 1000",
        ),
        (
            r#"{"models": [{"vendor": "openai", "id": "a", "price": {"input": "1", "cache_read": "2"}}]}"#,
            "openai/a: price.cache_read",
            "is more than",
        ),
        (r#"{"models": [{"vendor": "openai", "id": "a", "token_limit": 0}]}"#, "openai/a: token_limit", "must be 1 to"),
    ] {
        let faults = read(json.as_bytes(), "here", "2026-11-27").unwrap_err();
        let found = faults.first().unwrap();
        assert_eq!(found.path, path, "{json}: {}", found.problem);
        assert!(found.problem.contains(problem), "{json}: {}", found.problem);
    }
}

#[test]
fn nonsense_in_a_large_list_of_others_costs_that_model_alone() {
    let json = r#"{
        "a": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06},
        "b": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5}}"#;
    let import = read_all(json);
    assert_eq!((import.catalogue.entries().len(), import.skipped), (1, 1));
}

/// Pieces of lists, put together in any way.
fn any_list() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just("1e-06".to_owned()),
        Just("null".to_owned()),
        Just("-1".to_owned()),
        Just("\"x\"".to_owned()),
        Just("[]".to_owned()),
        Just("1e999".to_owned()),
        any::<f64>().prop_map(|number| number.to_string()),
    ];
    let name = proptest::sample::select(
        &[
            "input_cost_per_token",
            "input_cost_per_token_above_272k_tokens_flex",
            "cost",
            "limit",
            "mode",
            "litellm_provider",
            "models",
            "search_context_cost_per_query",
            "provider_specific_entry",
            "above_k_tokens",
            "input_cost_per_token_above_",
        ][..],
    );
    proptest::collection::vec((name, number), 0..6).prop_map(|members| {
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        let inner = format!("{{{}}}", members.join(", "));
        format!("{{\"openai\": {{\"litellm_provider\": \"openai\", \"mode\": \"chat\", \"models\": {{\"x\": {inner}}}}}, \"y\": {inner}}}")
    })
}

proptest! {
    #[test]
    fn any_list_is_read_or_refused(json in prop_oneof![any_list(), "\\PC{0,60}"]) {
        if let Ok(import) = read(json.as_bytes(), "here", "2026-11-27") {
            let now = Timestamp(0);
            Catalogue::built_in().updated(&import.catalogue, import.completes(), crate::catalogue::Effective::From(now), now);
        }
    }
}
