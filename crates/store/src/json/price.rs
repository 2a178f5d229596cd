//! A price as JSON: decimal dollars per million units as strings, by the name of the class.

use baton_model::price::{ContextTier, Rates};
use baton_model::{Nanos, Price, UsageClass};
use indexmap::IndexMap;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Document {
    rates: IndexMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    context_tiers: Vec<Tier>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    service_tiers: IndexMap<String, IndexMap<String, String>>,
}

#[derive(Serialize, Deserialize)]
struct Tier {
    above: u64,
    rates: IndexMap<String, String>,
}

pub(crate) fn write(price: &Price) -> String {
    let tier = |tier: &ContextTier| Tier { above: tier.above, rates: write_rates(&tier.rates) };
    let document = Document {
        rates: write_rates(&price.rates),
        context_tiers: price.context_tiers.iter().map(tier).collect(),
        service_tiers: price.service_tiers.iter().map(|(name, rates)| (name.clone(), write_rates(rates))).collect(),
    };
    serde_json::to_string(&document).unwrap_or_default()
}

pub(crate) fn read(text: &str) -> Result<Price, serde_json::Error> {
    let document: Document = serde_json::from_str(text)?;
    let tier = |tier: Tier| Ok(ContextTier { above: tier.above, rates: read_rates(&tier.rates)? });
    let service = |(name, rates): (String, IndexMap<String, String>)| Ok((name, read_rates(&rates)?));
    Ok(Price {
        rates: read_rates(&document.rates)?,
        context_tiers: document.context_tiers.into_iter().map(tier).collect::<Result<_, serde_json::Error>>()?,
        service_tiers: document.service_tiers.into_iter().map(service).collect::<Result<_, serde_json::Error>>()?,
    })
}

fn write_rates(rates: &Rates) -> IndexMap<String, String> {
    rates.known().map(|(class, rate)| (class.name().to_owned(), rate.to_string())).collect()
}

fn read_rates(rates: &IndexMap<String, String>) -> Result<Rates, serde_json::Error> {
    rates.iter().try_fold(Rates::default(), |all, (name, dollars)| {
        let class = UsageClass::lookup(name).ok_or_else(|| serde_json::Error::custom(format!("no class `{name}`")))?;
        let rate = Nanos::parse(dollars).ok_or_else(|| serde_json::Error::custom(format!("no amount `{dollars}`")))?;
        Ok(all.with(class, rate))
    })
}
