//! What can't be right in a catalogue, and what is missing in the built-in one.

use super::entry::Entry;
use super::{Catalogue, CatalogueFault};
use crate::Tokenizer;
use baton_model::price::{Price, Rates};
use baton_model::schema::time;
use baton_model::{Nanos, UsageClass};
use std::collections::{BTreeMap, HashMap};

/// No token costs more than this, in dollars per million. It catches a price per token or per thousand.
const DEAREST: i64 = 1_000;
/// Nor a million searches, pieces, characters or milliseconds. A search for a cent is 10,000 dollars a million.
const DEAREST_PIECES: i64 = 1_000_000;
/// No model is known with a larger context window, in tokens.
const WIDEST: u64 = 100_000_000;

/// Amounts of one model that can't be right.
pub fn impossible(entry: &Entry) -> Vec<CatalogueFault> {
    let mut faults = Vec::new();
    let mut fault = |what: &str, problem: String| {
        faults.push(CatalogueFault::new(format!("{}/{}: {what}", entry.vendor, entry.id), problem));
    };
    for (name, tokens) in [("token_limit", entry.token_limit), ("max_tokens", entry.max_tokens)] {
        if tokens.is_some_and(|tokens| tokens == 0 || tokens > WIDEST) {
            fault(name, format!("must be 1 to {WIDEST} tokens"));
        }
    }
    if entry.token_limit.zip(entry.max_tokens).is_some_and(|(window, output)| output > window) {
        fault("max_tokens", "must not be more than the context window".to_owned());
    }
    for price in entry.price.iter().flat_map(|price| std::iter::once(price).chain(&price.periods)) {
        for (place, rates) in all_rates(price) {
            check_rates(&price.rates, rates, |class, problem| fault(&format!("{place}{class}"), problem));
        }
    }
    faults
}

/// The rates of each level of a price, and where they stand.
fn all_rates(price: &Price) -> Vec<(String, &Rates)> {
    let mut all = vec![("price.".to_owned(), &price.rates)];
    let above = |above: u64| format!("price above {above}: ");
    all.extend(price.context_tiers.iter().map(|tier| (above(tier.above), &tier.rates)));
    for tier in &price.service_tiers {
        all.push((format!("price of `{}`: ", tier.name), &tier.rates));
        let context = tier.context_tiers.iter();
        all.extend(
            context.map(|context| (format!("price of `{}` above {}: ", tier.name, context.above), &context.rates)),
        );
    }
    all
}

fn check_rates(ordinary: &Rates, rates: &Rates, mut fault: impl FnMut(&str, String)) {
    for (class, rate) in rates.known() {
        let most = if class.is_token() { DEAREST } else { DEAREST_PIECES };
        if rate.0 < 0 || rate.0 > most * Nanos::DOLLAR.0 {
            fault(class.name(), format!("{rate} dollars a million is not 0 to {most}"));
        }
    }
    let input = rates.get(UsageClass::Input).or_else(|| ordinary.get(UsageClass::Input));
    if let (Some(read), Some(input)) = (rates.get(UsageClass::CacheRead), input)
        && read > input
    {
        fault("cache_read", format!("{read} is more than the {input} of input"));
    }
}

/// Everything that is wrong with a whole catalogue: impossible amounts, gaps, names that clash, an order or a date that
/// is not right.
pub fn faults(catalogue: &Catalogue) -> Vec<CatalogueFault> {
    let mut faults: Vec<CatalogueFault> = catalogue.entries.iter().flat_map(impossible).collect();
    for entry in &catalogue.entries {
        let problems = gaps(entry).into_iter();
        faults.extend(problems.map(|problem| CatalogueFault::new(format!("{}/{}", entry.vendor, entry.id), problem)));
    }
    let places: Vec<_> = catalogue.entries.iter().map(|entry| (&entry.vendor, &entry.id)).collect();
    if !places.is_sorted() {
        faults.push(CatalogueFault::new("models", "must be sorted by vendor and id, so that a change is a small diff"));
    }
    let newest = catalogue.entries.iter().map(|entry| entry.date.as_str()).max().unwrap_or_default();
    if catalogue.date != newest {
        faults.push(CatalogueFault::new("date", format!("must be that of the newest fact, {newest}")));
    }
    faults.extend(clashes(catalogue));
    faults
}

/// What every model of the built-in catalogue has to have.
fn gaps(entry: &Entry) -> Vec<String> {
    let mut problems = Vec::new();
    let mut need = |there: bool, problem: &str| {
        if !there {
            problems.push(problem.to_owned());
        }
    };
    need(!entry.capabilities.is_empty(), "has no capabilities");
    need(!entry.source.is_empty(), "does not say where its facts are from");
    need(time::read_day(&entry.date).is_some(), "has no date such as 2026-11-23");
    need(!entry.reads.is_empty() && !entry.writes.is_empty(), "does not say what it reads and writes");
    // What one runs oneself costs nothing that could be known; DALL-E costs by size and quality of each image.
    let unpriced = entry.vendor == "ollama" || entry.id.starts_with("dall-e-");
    need(entry.price.is_some() || unpriced, "has no price");
    let chats = entry.capabilities.contains(&baton_model::Capability::Chat);
    need(!chats || entry.vendor == "ollama" || entry.token_limit.is_some(), "has no context window");
    let tokenizer = entry.tokenizer.as_deref().is_none_or(|name| Tokenizer::lookup(name).is_some());
    need(tokenizer, "names a tokenizer that is not known");
    problems
}

fn clashes(catalogue: &Catalogue) -> Vec<CatalogueFault> {
    let mut names: HashMap<(&str, &str), &str> = HashMap::new();
    let mut faults = Vec::new();
    for entry in &catalogue.entries {
        for name in entry.aliases.iter().chain([&entry.id]) {
            if let Some(other) = names.insert((&entry.vendor, name), &entry.id) {
                let problem = format!("the name `{name}` is one of `{other}` too");
                faults.push(CatalogueFault::new(format!("{}/{}", entry.vendor, entry.id), problem));
            }
        }
    }
    faults
}

/// How many models of each vendor there are.
pub fn counts(catalogue: &Catalogue) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for entry in &catalogue.entries {
        *counts.entry(entry.vendor.as_str()).or_default() += 1;
    }
    counts
}
