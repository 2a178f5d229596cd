//! The models of the run and what they cost, and a calculation of costs that shares nothing with Baton's.

use baton_sim::BilledTokens;
use std::collections::BTreeMap;

/// Classes of usage by their names in records, with an amount or a rate each.
pub type Classes = BTreeMap<&'static str, u64>;

/// A model of the run.
pub struct PricedModel {
    /// Its id in Baton.
    pub id: &'static str,
    /// Its provider's name in Baton.
    pub provider: &'static str,
    /// What the provider calls it.
    pub upstream: &'static str,
    pub capability: &'static str,
    pub fallbacks: &'static [&'static str],
    /// More lines of its configuration.
    pub settings: &'static str,
    /// Dollars for a million units of each class, as the configuration has them.
    pub rates: &'static [(&'static str, &'static str)],
    /// The same for prompts above a size.
    pub above: Option<(u64, &'static [(&'static str, &'static str)])>,
}

/// Every rate is another number, and none is whole in nano-dollars for a token: a class that is counted as another, or a part
/// that is rounded at another place, comes to another sum.
pub const MODELS: [PricedModel; 6] = [
    PricedModel {
        id: "gpt",
        provider: "openai",
        upstream: "gpt-4o-mini",
        capability: "CHAT",
        fallbacks: &["spare", "claude"],
        settings: "",
        rates: &[("input", "0.137377"), ("cache_read", "0.031153"), ("output", "0.419921")],
        above: Some((1000, &[("input", "0.203653"), ("cache_read", "0.047737"), ("output", "0.611213")])),
    },
    PricedModel {
        id: "reasoner",
        provider: "openai",
        upstream: "gpt-5",
        capability: "CHAT",
        fallbacks: &["claude"],
        settings: "quirks = { max_tokens_field = \"max_completion_tokens\" }\n",
        rates: &[("input", "0.251231"), ("cache_read", "0.019763"), ("output", "0.887659"), ("reasoning", "1.033547")],
        above: None,
    },
    PricedModel {
        id: "claude",
        provider: "anthropic",
        upstream: "claude-haiku-4-5",
        capability: "CHAT",
        fallbacks: &["gpt"],
        settings: "",
        rates: &[
            ("input", "0.173347"),
            ("cache_read", "0.013883"),
            ("cache_write", "0.223507"),
            ("output", "0.503969"),
        ],
        above: None,
    },
    PricedModel {
        id: "thinker",
        provider: "anthropic",
        upstream: "claude-sonnet-4-5",
        capability: "CHAT",
        fallbacks: &[],
        settings: "",
        rates: &[
            ("input", "0.293831"),
            ("cache_read", "0.027527"),
            ("cache_write", "0.367229"),
            ("output", "1.009433"),
        ],
        above: None,
    },
    PricedModel {
        id: "spare",
        provider: "backup",
        upstream: "gpt-4o",
        capability: "CHAT",
        fallbacks: &[],
        settings: "",
        rates: &[("input", "0.151717"), ("cache_read", "0.037871"), ("output", "0.457343")],
        above: None,
    },
    PricedModel {
        id: "embed",
        provider: "openai",
        upstream: "text-embedding-3-small",
        capability: "EMBEDDING",
        fallbacks: &[],
        settings: "",
        rates: &[("input", "0.023459")],
        above: None,
    },
];

/// The model of that id.
pub fn model(id: &str) -> Option<&'static PricedModel> {
    MODELS.iter().find(|model| model.id == id)
}

/// What a provider billed, in Baton's classes.
pub fn classes(provider: &str, billed: &BilledTokens) -> Classes {
    // Anthropic reports no reasoning apart: it is part of the output.
    let reasoning = if provider == "anthropic" { 0 } else { billed.reasoning };
    let all = [
        ("input", billed.input),
        ("cache_read", billed.cache_read),
        ("cache_write", billed.cache_write),
        ("output", billed.output.saturating_sub(reasoning)),
        ("reasoning", reasoning),
    ];
    all.into_iter().filter(|(_, amount)| *amount > 0).collect()
}

/// What these amounts cost, in nano-dollars: each class rounded half up, as docs/prices.md says. `None`: a class has no rate.
pub fn cost(model: &PricedModel, amounts: &Classes) -> Option<i64> {
    let prompt: u64 = ["input", "cache_read", "cache_write"].iter().filter_map(|class| amounts.get(class)).sum();
    let rates = match &model.above {
        Some((above, rates)) if prompt > *above => rates,
        _ => model.rates,
    };
    let part = |(class, amount): (&&'static str, &u64)| {
        let (_, rate) = rates.iter().find(|(known, _)| known == class)?;
        // Millionths of a nano-dollar, in 128 bits, so that no product overflows.
        let exact = i128::from(*amount) * i128::from(nanos(rate)?);
        i64::try_from((exact + 500_000).div_euclid(1_000_000)).ok()
    };
    amounts.iter().map(part).sum()
}

/// Decimal dollars in nano-dollars; `None` for what is none, or has more than nine places.
pub fn nanos(dollars: &str) -> Option<i64> {
    let (whole, fraction) = dollars.split_once('.').unwrap_or((dollars, ""));
    let fraction = if fraction.len() <= 9 { format!("{fraction:0<9}") } else { return None };
    whole.parse::<i64>().ok()?.checked_mul(1_000_000_000)?.checked_add(fraction.parse().ok()?)
}

/// Nano-dollars in decimal dollars.
pub fn dollars(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    format!("{sign}{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_rounded_by_itself() {
        let billed = BilledTokens { input: 30, cache_read: 0, cache_write: 0, output: 17, reasoning: 5 };
        let classes = classes("openai", &billed);
        assert_eq!(classes, Classes::from([("input", 30), ("output", 12), ("reasoning", 5)]));
        let reasoner = model("reasoner");
        // 7536.93, 10651.908 and 5167.735.
        assert_eq!(reasoner.and_then(|model| cost(model, &classes)), Some(7537 + 10652 + 5168));
    }

    #[test]
    fn a_long_prompt_has_the_rates_above() {
        let amounts = Classes::from([("input", 1), ("cache_read", 1000)]);
        // 0.203653 and 47.737 thousand.
        assert_eq!(model("gpt").and_then(|model| cost(model, &amounts)), Some(204 + 47_737));
        let amounts = Classes::from([("cache_read", 1000)]);
        assert_eq!(model("gpt").and_then(|model| cost(model, &amounts)), Some(31_153));
    }

    #[test]
    fn dollars_are_read_as_they_are_written() {
        for (text, expected) in [("0.000000001", 1), ("12.5", 12_500_000_000), ("3", 3_000_000_000)] {
            assert_eq!(nanos(text), Some(expected));
            assert_eq!(nanos(&dollars(expected)), Some(expected));
        }
        assert_eq!(nanos("0.0000000001"), None);
    }
}
