//! models.dev's `api.json`: an object of providers, each with its models. Costs are dollars per million tokens.
//! Reference: <https://models.dev> and the schema in its repository, `packages/core/src/schema.ts`.

use super::super::entry::Entry;
use super::super::fault::CatalogueFault;
use super::listed::Listed;
use super::numbers::{dollars, tokens};
use super::vendors::VENDORS;
use baton_model::price::{ContextTier, Price, Rates, ServiceTier};
use baton_model::{Capability, UsageClass, bounds};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

type Members = BTreeMap<String, Box<RawValue>>;

#[derive(Deserialize)]
struct ProviderShape {
    #[serde(default)]
    models: Members,
}

#[derive(Deserialize)]
struct ModelShape {
    #[serde(default)]
    limit: Members,
    #[serde(default)]
    modalities: Modalities,
    #[serde(default)]
    cost: Option<Members>,
    #[serde(default)]
    experimental: Option<Experimental>,
}

#[derive(Deserialize, Default)]
struct Modalities {
    #[serde(default)]
    input: Vec<String>,
    #[serde(default)]
    output: Vec<String>,
}

#[derive(Deserialize)]
struct Experimental {
    #[serde(default)]
    modes: BTreeMap<String, ModeShape>,
}

/// A mode that costs something else: by a service tier, or by Anthropic's speed.
#[derive(Deserialize)]
struct ModeShape {
    #[serde(default)]
    cost: Option<Members>,
    #[serde(default)]
    provider: Option<ModeProvider>,
}

#[derive(Deserialize)]
struct ModeProvider {
    #[serde(default)]
    body: BTreeMap<String, serde_json::Value>,
}

pub(super) fn read(
    providers: &BTreeMap<String, Box<RawValue>>,
    source: &str,
    date: &str,
) -> Result<Listed, Vec<CatalogueFault>> {
    let (mut entries, mut faults, mut skipped) = (Vec::new(), Vec::new(), 0);
    for (name, provider) in providers {
        let shape: ProviderShape = match serde_json::from_str(provider.get()) {
            Ok(shape) => shape,
            Err(_) => {
                faults.push(CatalogueFault::new(name, "must be an object with `models`"));
                continue;
            }
        };
        let Some(vendor) = VENDORS.iter().find(|vendor| vendor.models_dev == name) else {
            skipped += shape.models.len() as u64;
            continue;
        };
        for (id, model) in &shape.models {
            let path = format!("{name}.models.{id}");
            let found = entry(&path, vendor.own, id, model, &mut faults);
            skipped += u64::from(found.is_none());
            entries.extend(found.map(|entry| Entry { source: source.to_owned(), date: date.to_owned(), ..entry }));
            if faults.len() >= bounds::FAULTS {
                return Err(faults);
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    entries.sort_by(|one: &Entry, other| (&one.vendor, &one.id).cmp(&(&other.vendor, &other.id)));
    Ok(Listed { entries, skipped })
}

fn entry(path: &str, vendor: &str, id: &str, model: &RawValue, faults: &mut Vec<CatalogueFault>) -> Option<Entry> {
    let shape: ModelShape = match serde_json::from_str(model.get()) {
        Ok(shape) => shape,
        Err(error) => {
            let problem = baton_model::serde_words::describe(&error.to_string()).into_owned();
            faults.push(CatalogueFault::new(path, problem));
            return None;
        }
    };
    if id.is_empty() || id.len() > bounds::UPSTREAM {
        return None;
    }
    let capabilities = capabilities(id, &shape.modalities)?;
    let limit = |name: &str, faults: &mut Vec<CatalogueFault>| {
        tokens(&format!("{path}.limit.{name}"), shape.limit.get(name).map(|value| &**value), faults)
    };
    let (token_limit, max_tokens) = (limit("context", faults), limit("output", faults));
    let price = shape.cost.as_ref().map(|cost| {
        let mut price = price(&format!("{path}.cost"), cost, faults);
        let modes = shape.experimental.iter().flat_map(|experimental| &experimental.modes);
        price.service_tiers =
            modes.filter_map(|(name, mode)| tier(&format!("{path}.experimental.modes.{name}"), mode, faults)).collect();
        price
    });
    // A vendor that lists a model at nothing gives it away for trial: what it costs is not known.
    let price = price.filter(|price| !price.rates.is_empty() && (id.ends_with(":free") || !is_free(&price.rates)));
    let known =
        |words: Vec<String>| words.into_iter().filter(|word| super::super::entry::MODALITIES.contains(&word.as_str()));
    Some(Entry {
        capabilities,
        price,
        token_limit,
        // Some say an output as large as a window that is known to be smaller.
        max_tokens: max_tokens.map(|output| token_limit.map_or(output, |window| output.min(window))),
        reads: known(shape.modalities.input).collect(),
        writes: known(shape.modalities.output).collect(),
        ..Entry::new(vendor, id)
    })
}

fn is_free(rates: &Rates) -> bool {
    rates.known().all(|(_, rate)| rate.0 == 0)
}

/// What a model does, by what it writes and is called; `None` for what no API of Baton has.
fn capabilities(id: &str, modalities: &Modalities) -> Option<Vec<Capability>> {
    if let Some(known) = super::super::capabilities_by_name(id) {
        return (!known.is_empty()).then(|| known.to_vec());
    }
    let writes = |word: &str| modalities.output.iter().any(|known| known == word);
    let all = [("text", Capability::Chat), ("image", Capability::ImageGeneration)];
    let found: Vec<Capability> = all.into_iter().filter(|(word, _)| writes(word)).map(|(_, does)| does).collect();
    (!found.is_empty()).then_some(found)
}

/// Names of a cost, and the class that each is.
const COSTS: [(&str, UsageClass); 7] = [
    ("input", UsageClass::Input),
    ("output", UsageClass::Output),
    ("reasoning", UsageClass::Reasoning),
    ("cache_read", UsageClass::CacheRead),
    ("cache_write", UsageClass::CacheWrite),
    ("input_audio", UsageClass::AudioInput),
    ("output_audio", UsageClass::AudioOutput),
];

fn rates(path: &str, cost: &Members, faults: &mut Vec<CatalogueFault>) -> Rates {
    let mut rates = Rates::default();
    for (name, class) in COSTS {
        let amount = cost.get(name).and_then(|value| dollars(&format!("{path}.{name}"), value, 0, faults));
        if let Some(amount) = amount {
            rates.set(class, amount);
        }
    }
    rates
}

#[derive(Deserialize)]
struct TierSize {
    size: u64,
}

fn price(path: &str, cost: &Members, faults: &mut Vec<CatalogueFault>) -> Price {
    let mut price = Price { rates: rates(path, cost, faults), ..Price::default() };
    if let Some(tiers) = cost.get("tiers") {
        match serde_json::from_str::<Vec<Members>>(tiers.get()) {
            Ok(tiers) => {
                for (place, tier) in tiers.iter().enumerate() {
                    price.context_tiers.extend(context(&format!("{path}.tiers[{place}]"), tier, faults));
                }
            }
            Err(_) => faults.push(CatalogueFault::new(format!("{path}.tiers"), "must be an array of objects")),
        }
    }
    // The older way to say the one tier that there was.
    if let (Some(over), true) = (cost.get("context_over_200k"), price.context_tiers.is_empty())
        && let Ok(over) = serde_json::from_str::<Members>(over.get())
    {
        let rates = rates(&format!("{path}.context_over_200k"), &over, faults);
        price.context_tiers.push(ContextTier { above: 200_000, rates });
    }
    price.context_tiers.retain(|tier| !tier.rates.is_empty());
    price.context_tiers.sort_by_key(|tier| tier.above);
    price.context_tiers.truncate(bounds::TIERS);
    price
}

fn context(path: &str, tier: &Members, faults: &mut Vec<CatalogueFault>) -> Option<ContextTier> {
    let size = tier.get("tier").and_then(|tier| serde_json::from_str::<TierSize>(tier.get()).ok());
    match size {
        Some(TierSize { size }) => Some(ContextTier { above: size, rates: rates(path, tier, faults) }),
        None => {
            faults.push(CatalogueFault::new(format!("{path}.tier.size"), "must be a number of tokens"));
            None
        }
    }
}

fn tier(path: &str, mode: &ModeShape, faults: &mut Vec<CatalogueFault>) -> Option<ServiceTier> {
    let body = &mode.provider.as_ref()?.body;
    // Baton bills a speed as a tier.
    let name = body.get("service_tier").or_else(|| body.get("speed"))?.as_str()?;
    let rates = rates(&format!("{path}.cost"), mode.cost.as_ref()?, faults);
    Some(ServiceTier::of_rates(name, rates)).filter(|tier| !tier.rates.is_empty())
}
