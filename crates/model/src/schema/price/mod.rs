//! Prices and costs: dollars, in exact decimals. Prices are per million units, by class.

mod read;

pub use read::{PriceFault, read_price};

use super::time;
use crate::clock::Timestamp;
use crate::money::Nanos;
use crate::price::{ContextTier, Cost, Factor, Price, Rates, ServiceTier};
use crate::usage::UsageClass;
use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::json;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A JSON number of dollars. Never a float: a price is exact.
fn number<E: serde::ser::Error>(nanos: Nanos) -> Result<Box<RawValue>, E> {
    RawValue::from_string(nanos.to_string()).map_err(E::custom)
}

fn factor<E: serde::ser::Error>(factor: Factor) -> Result<Box<RawValue>, E> {
    RawValue::from_string(factor.to_string()).map_err(E::custom)
}

fn serialize_rates<M: SerializeMap>(map: &mut M, rates: &Rates) -> Result<(), M::Error> {
    rates.known().try_for_each(|(class, rate)| map.serialize_entry(class.name(), &number::<M::Error>(rate)?))
}

impl Serialize for ContextTier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("above", &self.above)?;
        serialize_rates(&mut map, &self.rates)?;
        map.end()
    }
}

impl Serialize for ServiceTier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(times) = self.factor {
            map.serialize_entry("factor", &factor::<S::Error>(times)?)?;
        }
        serialize_rates(&mut map, &self.rates)?;
        if !self.context_tiers.is_empty() {
            map.serialize_entry("context_tiers", &self.context_tiers)?;
        }
        map.end()
    }
}

struct ServiceTiers<'t>(&'t [ServiceTier]);

impl Serialize for ServiceTiers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|tier| (&tier.name, tier)))
    }
}

struct Regions<'r>(&'r [(String, Factor)]);

impl Serialize for Regions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, times) in self.0 {
            map.serialize_entry(name, &factor::<S::Error>(*times)?)?;
        }
        map.end()
    }
}

/// `{"input": 0.59, "output": 0.79, "context_tiers": [{"above": 200000, "input": …}], "service_tiers": {"flex": {…}},
/// "regions": {"us": 1.1}, "from": "2026-01-01T00:00:00.000000Z", "until": …, "periods": [{"until": …, "input": …}]}`.
impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_rates(&mut map, &self.rates)?;
        if !self.context_tiers.is_empty() {
            map.serialize_entry("context_tiers", &self.context_tiers)?;
        }
        if !self.service_tiers.is_empty() {
            map.serialize_entry("service_tiers", &ServiceTiers(&self.service_tiers))?;
        }
        if !self.regions.is_empty() {
            map.serialize_entry("regions", &Regions(&self.regions))?;
        }
        let times: [(&str, Option<Timestamp>); 2] = [("from", self.from), ("until", self.until)];
        for (name, moment) in times {
            if let Some(moment) = moment {
                map.serialize_entry(name, &time::write(moment))?;
            }
        }
        if !self.periods.is_empty() {
            map.serialize_entry("periods", &self.periods)?;
        }
        map.end()
    }
}

/// As [`read_price`] says; the first fault is the error.
impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        read_price(json.get()).map_err(|faults| {
            let first =
                faults.into_iter().next().unwrap_or_else(|| PriceFault { path: String::new(), problem: String::new() });
            let PriceFault { path, problem } = first;
            // A plain amount's field is known to whoever reads the object member by member.
            D::Error::custom(if path.contains('.') { format!("`{path}`: {problem}") } else { problem })
        })
    }
}

/// An exact decimal.
impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        factor::<S::Error>(*self)?.serialize(serializer)
    }
}

/// A JSON string or number.
impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(json.get().trim_matches('"')).ok_or_else(|| {
            D::Error::custom(format!("must be a decimal of at most six places, up to 1000, such as 0.9, got {json}"))
        })
    }
}

/// Dollars; null: unpriced.
impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.known().map(number::<S::Error>).transpose()?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(dollars) = Option::<Box<RawValue>>::deserialize(deserializer)? else { return Ok(Self::Unpriced) };
        let nanos = Nanos::parse(dollars.get());
        nanos.map(Self::Known).ok_or_else(|| D::Error::custom(format!("no amount `{}`", dollars.get())))
    }
}

/// A key for each class, and the tiers.
impl JsonSchema for Price {
    fn schema_name() -> Cow<'static, str> {
        "Price".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        let classes = UsageClass::ALL
            .map(|class| (class.name().to_owned(), json!({ "type": ["string", "null"], "description": about(class) })));
        let mut properties = serde_json::Map::from_iter(classes);
        let tiers = [
            (
                "context_tiers",
                "Other prices above a size of prompt, for the whole request: a list of `{ above = 200000, input = … }`.",
            ),
            (
                "service_tiers",
                "Other prices for a service tier, by its name: `{ flex = { input = … } }`, or `{ batch = { factor = 0.5 } }`. A \
                 reply of a tier that is not named here is unpriced, except for the ordinary ones (`default`, `standard` and \
                 the like).",
            ),
            (
                "regions",
                "What tokens are multiplied by where the provider says that it ran the request there: `{ us = 1.1 }`.",
            ),
            ("from", "When the price begins to be in force; by default it always has been."),
            ("until", "When it stops being in force, exclusive; by default never."),
            ("periods", "Prices at other times: a list of `{ until = \"2026-10-01\", input = … }`."),
        ];
        properties.extend(tiers.map(|(name, about)| (name.to_owned(), json!({ "description": about }))));
        json_schema!({
            "type": "object",
            "description": "Dollars per million tokens, as decimal strings (`\"0.59\"`). `images` and `web_searches` are per \
                            million pieces, `audio_ms` per million milliseconds, `characters` per million characters.",
            "properties": properties,
        })
    }
}

/// What the price of a class is for, and how it is priced without one.
fn about(class: UsageClass) -> &'static str {
    match class {
        UsageClass::Input => "Text read.",
        UsageClass::CacheRead => "Read from the provider's prompt cache; by default as input.",
        UsageClass::CacheWrite => "Written to the provider's prompt cache; by default as input.",
        UsageClass::CacheWrite1h => "The same, kept for an hour; by default as `cache_write`.",
        UsageClass::CacheWrite12h => "Written to the provider's prompt cache for twelve hours.",
        UsageClass::Output => "Text produced.",
        UsageClass::Reasoning => "Reasoning; by default as output.",
        UsageClass::AudioInput => "Audio read.",
        UsageClass::AudioCacheRead => "Audio read from the provider's prompt cache.",
        UsageClass::AudioOutput => "Audio produced.",
        UsageClass::ImageInput => "Images read; by default as input.",
        UsageClass::ImageOutput => "Images produced, in tokens.",
        UsageClass::Images => "Images produced.",
        UsageClass::AudioMillis => "Milliseconds of audio heard.",
        UsageClass::Characters => "Characters spoken.",
        UsageClass::WebSearches => "Web searches.",
    }
}
