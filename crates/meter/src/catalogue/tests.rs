#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::{Tokenizer, cost};
use baton_model::entity::ReasoningStyle;
use baton_model::{Cost, Nanos, Usage, UsageClass};
use std::collections::HashSet;

fn known(vendor: &str, name: &str) -> Entry {
    lookup(vendor, name).unwrap_or_else(|| panic!("{name} is not known"))
}

#[test]
fn the_file_is_sorted_and_names_are_unique() {
    let places = entries().iter().map(|entry| (entry.vendor.as_str(), entry.id.as_str())).collect::<Vec<_>>();
    // Sorted, so that a change of a fact is a small diff.
    assert!(places.is_sorted());
    let mut names = HashSet::new();
    for entry in entries() {
        for name in entry.aliases.iter().chain([&entry.id]) {
            assert!(names.insert((&entry.vendor, name)), "{name} stands twice");
        }
    }
    assert!(entries().len() > 60);
}

#[test]
fn facts_are_plausible() {
    for entry in entries() {
        // What one runs oneself costs nothing that could be known; DALL-E costs by size and quality of each image.
        let unpriced = entry.vendor == "ollama" || entry.id.starts_with("dall-e-");
        assert_eq!(entry.price.is_none(), unpriced, "{}", entry.id);
        let price = entry.price.clone().unwrap_or_default();
        for (class, rate) in price.rates.known() {
            // Prices are per million: a search for a cent is 10,000 dollars. This catches a price per token or per
            // thousand in the file.
            let most = if class == UsageClass::WebSearches { 100_000 } else { 1_000 } * Nanos::DOLLAR.0;
            assert!((1..=most).contains(&rate.0), "{}: {class:?} costs {rate}", entry.id);
        }
        if let (Some(read), Some(input)) = (price.rates.get(UsageClass::CacheRead), price.rates.get(UsageClass::Input))
        {
            assert!(read < input, "{}: reading its cache costs more than input", entry.id);
        }
        assert!(price.context_tiers.is_sorted_by_key(|tier| tier.above), "{}", entry.id);
        assert!(entry.max_tokens <= entry.token_limit || entry.token_limit.is_none(), "{}", entry.id);
        assert!(!entry.capabilities.is_empty(), "{}", entry.id);
        assert!(entry.tokenizer.as_deref().is_none_or(|name| Tokenizer::lookup(name).is_some()), "{}", entry.id);
    }
}

#[test]
fn names_aliases_and_dates_lead_to_the_same_entry() {
    for (vendor, name, id) in [
        ("openai", "gpt-4o", "gpt-4o"),
        ("openai", "gpt-4o-2024-08-06", "gpt-4o"),
        // This snapshot costs more than the later ones, so it has an entry of its own.
        ("openai", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("openai", "gpt-5.2-2027-01-31", "gpt-5.2"),
        ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic", "claude-opus-4-6-20260205", "claude-opus-4-6"),
    ] {
        assert_eq!(known(vendor, name).id, id, "{name}");
    }
    for (vendor, name) in
        // Another vendor may serve a model under the same name at another price.
        [("anthropic", "gpt-4o"), ("openai", "gpt-4o-latest-2024"), ("openai", ""), ("openai", "-00000000")]
    {
        assert_eq!(lookup(vendor, name), None, "{name}");
    }
}

#[test]
fn quirks_are_those_of_the_model() {
    assert!(known("anthropic", "claude-opus-4-7").quirks.refuses("temperature"));
    assert!(!known("anthropic", "claude-opus-4-6").quirks.refuses("temperature"));
    assert_eq!(known("anthropic", "claude-opus-4-5").quirks.reasoning, ReasoningStyle::Budget);
    assert_eq!(known("anthropic", "claude-sonnet-4-6").quirks.prefill, Some(false));
    assert_eq!(known("ollama", "gpt-oss").quirks.reasoning, ReasoningStyle::Adaptive);
    assert!(known("openai", "gpt-5-mini").quirks.refuses("top_p"));
    // What the vendor's reference has not, and nothing else.
    assert_eq!(known("openai", "gpt-4o").quirks.refuses, ["top_k", "min_p", "repeat_penalty"]);
}

/// Worked by hand from the vendors' price pages.
#[test]
fn known_bills_come_out() {
    for (vendor, model, used, dollars) in [
        ("openai", "gpt-4o-mini", vec![(UsageClass::Input, 12), (UsageClass::Output, 9)], "0.0000072"),
        ("openai", "gpt-4o", vec![(UsageClass::Input, 1_000), (UsageClass::CacheRead, 1_024)], "0.00378"),
        ("anthropic", "claude-sonnet-4-5", vec![(UsageClass::Input, 250_000), (UsageClass::Output, 1_000)], "1.5225"),
        (
            "anthropic",
            "claude-haiku-4-5",
            vec![(UsageClass::CacheWrite1h, 1_000), (UsageClass::WebSearches, 2)],
            "0.022",
        ),
        ("openai", "whisper-1", vec![(UsageClass::AudioMillis, 60_000)], "0.006"),
        ("openai", "tts-1", vec![(UsageClass::Characters, 1_000)], "0.015"),
    ] {
        let used = used.into_iter().fold(Usage::default(), |all, (class, amount)| all.with(class, amount));
        let total = cost(&used, known(vendor, model).price.as_ref()).total;
        assert_eq!(total, Cost::Known(Nanos::parse(dollars).unwrap()), "{model}");
    }
}
