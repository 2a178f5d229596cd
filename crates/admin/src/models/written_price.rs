//! A price as a client writes it: dollars per million units by class, with the tiers that some vendors have. It may be said
//! more loosely than it is shown, and every amount that is wrong is named.

use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::money;
use crate::wire::phrases::brief;
use baton_model::bounds::{self, Maximum};
use baton_model::price::{ContextTier, Rates};
use baton_model::{Price, UsageClass};
use indexmap::IndexMap;
use serde_json::value::RawValue;

/// What is expected of every amount.
const EXPECTED: &str = "must be dollars per million as a decimal of at most nine places, such as 0.59 or \"0.59\"";

/// Reads a price; what is wrong with it is noted, with its path.
pub fn read(json: &str, faults: &mut Faults) -> Option<Price> {
    let fields = JsonFields::nested("price", json, faults)?;
    let mut price = Price::default();
    for (name, text) in fields.all() {
        match name {
            "context_tiers" => price.context_tiers = read_context_tiers(text, faults),
            "service_tiers" => price.service_tiers = read_service_tiers(text, faults),
            _ => read_rate("price", name, text, &mut price.rates, faults),
        }
    }
    if price.rates.is_empty() {
        faults.add("price", "must contain at least one amount, such as input");
    }
    Some(price)
}

/// Reads one amount into its class; null is as absent.
fn read_rate(path: &str, name: &str, text: &str, rates: &mut Rates, faults: &mut Faults) {
    let field = || format!("{path}.{name}");
    let Some(class) = UsageClass::lookup(name) else {
        let known = UsageClass::ALL.map(UsageClass::name).join(", ");
        return faults.add(field(), format!("unknown class; known classes: {known}"));
    };
    match money::read(text, 0) {
        _ if text == "null" => {}
        Some(rate) => rates.set(class, rate),
        None => faults.add(field(), format!("{EXPECTED}, got {}", brief(text))),
    }
}

fn check_number(path: &str, number: usize, faults: &mut Faults) {
    if let Err(problem) = Maximum::Entries(bounds::TIERS).check_length(number) {
        faults.add(path, problem);
    }
}

fn read_context_tiers(json: &str, faults: &mut Faults) -> Vec<ContextTier> {
    const PATH: &str = "price.context_tiers";
    let Ok(list) = serde_json::from_str::<Vec<IndexMap<String, Box<RawValue>>>>(json) else {
        faults.add(PATH, "must be an array of objects such as {\"above\": 200000, \"input\": 6}");
        return Vec::new();
    };
    check_number(PATH, list.len(), faults);
    let mut tiers: Vec<ContextTier> = list.iter().map(|tier| read_context_tier(PATH, tier, faults)).collect();
    // `Price` promises its tiers in order of size, whatever order the client wrote them in.
    tiers.sort_by_key(|tier| tier.above);
    tiers
}

fn read_context_tier(path: &str, tier: &IndexMap<String, Box<RawValue>>, faults: &mut Faults) -> ContextTier {
    let above = tier.get("above").and_then(|above| above.get().parse().ok());
    if above.is_none() {
        faults.add(format!("{path}.above"), "must be a number of tokens");
    }
    let mut rates = Rates::default();
    for (name, text) in tier.iter().filter(|(name, _)| *name != "above") {
        read_rate(path, name, text.get(), &mut rates, faults);
    }
    // The zero is never kept: the fault that was added refuses the whole body.
    ContextTier { above: above.unwrap_or(0), rates }
}

fn read_service_tiers(json: &str, faults: &mut Faults) -> Vec<(String, Rates)> {
    const PATH: &str = "price.service_tiers";
    let Ok(tiers) = serde_json::from_str::<IndexMap<String, IndexMap<String, Box<RawValue>>>>(json) else {
        faults.add(PATH, "must be an object such as {\"flex\": {\"input\": 0.5}}");
        return Vec::new();
    };
    check_number(PATH, tiers.len(), faults);
    let mut read = Vec::new();
    // What is too long or too many was noted; it is not read as well.
    for (tier, amounts) in tiers.into_iter().take(bounds::TIERS) {
        if let Err(problem) = Maximum::Bytes(bounds::ID).check(&tier) {
            faults.add(format!("{PATH}.{}", brief(&tier)), problem);
            continue;
        }
        let mut rates = Rates::default();
        for (name, text) in &amounts {
            read_rate(&format!("{PATH}.{tier}"), name, text.get(), &mut rates, faults);
        }
        read.push((tier, rates));
    }
    read
}
