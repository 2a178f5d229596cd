//! Fits the coefficients of `crates/meter/data/counting.json`.

use super::errors::{Table, quantile};
use super::pairs::{self, Pair};
use super::squares::{self, Row, dot};
use baton_meter::estimate::Spread;
use baton_meter::features::FEATURES;
use baton_meter::{Feature, Features, Tokenizer, count};
use serde_json::{Value, json};
use std::path::Path;

/// Where the coefficients stand.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/meter/data/counting.json");
/// How many requests the coefficients of all families are worth to one family.
const STRENGTH: f64 = 4.0;
/// How many the start is worth to those of all families.
const WEAK: f64 = 0.5;
/// Tokens that every bound allows beside its share.
const SLACK: f64 = 5.0;

/// The largest share of a bound. Some services put prompts of their own before a request, hundreds of tokens at times;
/// a bound that allowed for these would be none.
const MOST: f64 = 1.0;

/// Which of the two models of a family.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Estimate,
    Careful,
}

/// A pair with its features.
pub struct Sample<'p> {
    pub pair: &'p Pair,
    pub features: [f64; FEATURES],
}

/// The features of all pairs.
pub fn samples(pairs: &[Pair], kind: Kind) -> Vec<Sample<'_>> {
    let features = |pair: &Pair| match kind {
        Kind::Estimate => Features::of(&pair.operation, &pair.model),
        Kind::Careful => Features::with_tokens(&pair.operation, &pair.model),
    };
    pairs.iter().map(|pair| Sample { features: *features(pair).values(), pair }).collect()
}

/// A fitted model.
pub struct Fitted {
    pub weights: [f64; FEATURES],
    pub spread: Spread,
    pub exchanges: usize,
}

/// Fits one family on the samples that `takes` lets through, near what all families have in common.
pub fn family(samples: &[Sample<'_>], family: Tokenizer, kind: Kind, takes: impl Fn(&Pair) -> bool) -> Fitted {
    let start = start(kind);
    let usable = |sample: &&Sample<'_>| sample.pair.fit && takes(sample.pair);
    let rows = |of: &dyn Fn(&Pair) -> bool| -> Vec<Row> {
        let chosen = samples.iter().filter(usable).filter(|sample| of(sample.pair));
        chosen.map(|sample| Row { features: sample.features, tokens: sample.pair.tokens as f64 }).collect()
    };
    // What OpenAI's and Claude's models have around tools is their own.
    let shared = match family.name() {
        "claude-new" => squares::fit(&rows(&|pair| pair.family == Tokenizer::CLAUDE), &start, WEAK),
        _ if own(family) => start,
        _ => squares::fit(&rows(&|pair| !own(pair.family)), &start, WEAK),
    };
    let strength = if family != Tokenizer::CLAUDE_NEW && own(family) { WEAK } else { STRENGTH };
    if family == Tokenizer::OTHER {
        let spread = spread(samples.iter().filter(usable).filter(|sample| !own(sample.pair.family)), &shared);
        return Fitted { weights: shared, spread, exchanges: rows(&|pair| !own(pair.family)).len() };
    }
    let own_rows = rows(&|pair| pair.family == family);
    let weights = squares::fit(&own_rows, &shared, strength);
    let spread = spread(samples.iter().filter(usable).filter(|sample| sample.pair.family == family), &weights);
    Fitted { weights, spread, exchanges: own_rows.len() }
}

/// Where every fit begins: what English prose costs in any encoding. Always the same, so that a fit can be repeated.
fn start(kind: Kind) -> [f64; FEATURES] {
    const FRAMING: [(Feature, f64); 6] = [
        (Feature::Constant, 3.0),
        (Feature::Messages, 4.0),
        (Feature::SystemMessages, 4.0),
        (Feature::ToolCalls, 8.0),
        (Feature::ToolResults, 8.0),
        (Feature::Functions, 8.0),
    ];
    const TEXT: [(Feature, f64); 20] = [
        (Feature::Words, 1.0),
        (Feature::LongLetters, 0.15),
        (Feature::Humps, 0.5),
        (Feature::Numbers, 1.0),
        (Feature::SpaceRuns, 0.1),
        (Feature::Lines, 0.5),
        (Feature::Marks, 0.8),
        (Feature::MarkRuns, 0.4),
        (Feature::Latin, 1.0),
        (Feature::Alphabets, 0.5),
        (Feature::Indic, 1.0),
        (Feature::Symbols, 1.0),
        (Feature::Ideographs, 1.0),
        (Feature::Hangul, 1.0),
        (Feature::Planes, 2.0),
        (Feature::Controls, 1.0),
        (Feature::SchemaWords, 1.1),
        (Feature::SchemaMarks, 0.4),
        (Feature::FormatWords, 1.1),
        (Feature::FormatMarks, 0.4),
    ];
    const TOKENS: [(Feature, f64); 3] =
        [(Feature::TextTokens, 1.1), (Feature::SchemaTokens, 1.1), (Feature::FormatTokens, 1.1)];
    let read: &[_] = if kind == Kind::Estimate { &TEXT } else { &TOKENS };
    let mut weights = [0.0; FEATURES];
    for (feature, weight) in FRAMING.iter().chain(read) {
        weights[*feature as usize] = *weight;
    }
    weights
}

fn own(family: Tokenizer) -> bool {
    [Tokenizer::CLAUDE, Tokenizer::CLAUDE_NEW, Tokenizer::O200K, Tokenizer::CL100K].contains(&family)
}

fn spread<'s>(samples: impl Iterator<Item = &'s Sample<'s>>, weights: &[f64; FEATURES]) -> Spread {
    let numbers = samples.map(|sample| (dot(weights, &sample.features), sample.pair.tokens as f64));
    spread_of(numbers.collect())
}

/// The spread of numbers counted and reported.
fn spread_of(numbers: Vec<(f64, f64)>) -> Spread {
    let sorted = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values
    };
    let errors = sorted(numbers.iter().map(|(counted, reported)| (counted - reported).abs() / reported).collect());
    let over = numbers.iter().map(|(counted, reported)| (reported - counted - SLACK) / counted.max(1.0));
    let share = quantile(&sorted(over.collect()), 0.99).clamp(0.0, MOST);
    Spread { error: quantile(&errors, 0.5), share, tokens: SLACK }
}

/// Fits everything and writes the file.
pub fn run(corpus: &Path, date: &str) -> anyhow::Result<()> {
    let pairs = pairs::read(corpus)?;
    let mut file: Value = serde_json::from_slice(&std::fs::read(FILE)?)?;
    file["date"] = json!(date);
    let (features, tokens) = (samples(&pairs, Kind::Estimate), samples(&pairs, Kind::Careful));
    let mut families = serde_json::Map::new();
    for family in Tokenizer::ALL {
        let estimate = self::family(&features, family, Kind::Estimate, |_| true);
        let careful = self::family(&tokens, family, Kind::Careful, |_| true);
        println!(
            "{}: {} pairs, error {:.3} and {:.3}",
            family.name(),
            estimate.exchanges,
            estimate.spread.error,
            careful.spread.error
        );
        families
            .insert(family.name().to_owned(), json!({"estimate": written(&estimate), "careful": written(&careful)}));
    }
    file["families"] = Value::Object(families);
    file["rules"] = rules(&pairs, &file["rules"]);
    std::fs::write(FILE, format!("{}\n", serde_json::to_string_pretty(&file)?))?;
    Ok(())
}

/// How far OpenAI's rules are off.
fn rules(pairs: &[Pair], before: &Value) -> Value {
    let mut numbers = std::collections::BTreeMap::<&str, Vec<(f64, f64)>>::new();
    for pair in pairs.iter().filter(|pair| pair.kind.starts_with("OpenAI, ")) {
        let count = count::operation(&pair.operation, &pair.model, pair.dialect);
        if !count.is_exact() && count.rule.starts_with("openai-") {
            numbers.entry(count.rule).or_default().push((count.tokens as f64, pair.tokens as f64));
        }
    }
    let mut rules = before.as_object().cloned().unwrap_or_default();
    for (rule, numbers) in numbers {
        let exchanges = numbers.len();
        rules.insert(rule.to_owned(), spread_json(spread_of(numbers), exchanges));
    }
    Value::Object(rules)
}

fn written(fitted: &Fitted) -> Value {
    let weights = Feature::ALL.into_iter().zip(fitted.weights).filter(|(_, weight)| *weight >= 0.000_05);
    let weights: serde_json::Map<_, _> =
        weights.map(|(feature, weight)| (feature.name().to_owned(), json!(rounded(weight)))).collect();
    json!({"spread": spread_json(fitted.spread, fitted.exchanges), "weights": weights})
}

fn spread_json(spread: Spread, exchanges: usize) -> Value {
    json!({
        "exchanges": exchanges,
        "error": rounded(spread.error),
        "at_most_share": rounded(spread.share),
        "at_most_tokens": spread.tokens,
    })
}

fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

/// Each family fitted on one half and tried on the other.
pub fn cross_validate(pairs: &[Pair], kind: Kind) -> Table {
    let samples = samples(pairs, kind);
    let mut table = Table::new();
    for half in [false, true] {
        for family in Tokenizer::ALL {
            let fitted = self::family(&samples, family, kind, |pair| pair.half == half);
            for sample in samples.iter().filter(|sample| sample.pair.half != half && sample.pair.family == family) {
                let counted = dot(&fitted.weights, &sample.features);
                let at_most = fitted.spread.at_most(counted.round() as u64);
                table.entry(sample.pair.kind.clone()).or_default().add(counted, sample.pair.tokens, at_most, false);
            }
        }
    }
    table
}
