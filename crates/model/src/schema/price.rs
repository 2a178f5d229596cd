//! Prices and costs: dollars, in exact decimals. Prices are per million units, by class.

use super::json::Members;
use crate::money::Nanos;
use crate::price::{ContextTier, Cost, Price, Rates};
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

/// The rates as an object, behind what a tier says of itself.
struct Tier<'r>(Option<u64>, &'r Rates);

impl Serialize for Tier<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(above) = self.0 {
            map.serialize_entry("above", &above)?;
        }
        for (class, rate) in self.1.known() {
            map.serialize_entry(class.name(), &number::<S::Error>(rate)?)?;
        }
        map.end()
    }
}

struct ServiceTiers<'t>(&'t [(String, Rates)]);

impl Serialize for ServiceTiers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, rates)| (name, Tier(None, rates))))
    }
}

/// `{"input": 0.59, "output": 0.79, "context_tiers": [{"above": 200000, "input": …}], "service_tiers": {"flex": {…}}}`.
impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (class, rate) in self.rates.known() {
            map.serialize_entry(class.name(), &number::<S::Error>(rate)?)?;
        }
        if !self.context_tiers.is_empty() {
            let tiers = self.context_tiers.iter().map(|tier| Tier(Some(tier.above), &tier.rates));
            map.serialize_entry("context_tiers", &tiers.collect::<Vec<_>>())?;
        }
        if !self.service_tiers.is_empty() {
            map.serialize_entry("service_tiers", &ServiceTiers(&self.service_tiers))?;
        }
        map.end()
    }
}

/// As it is written; amounts may be strings too. Rows of the first version have the rates of each level in `rates`.
impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut price = Self::default();
        for (name, value) in deserializer.deserialize_map(Members)? {
            match name.as_str() {
                "context_tiers" => {
                    let tiers = read::<Vec<Box<RawValue>>, D::Error>(&value)?;
                    price.context_tiers =
                        tiers.iter().map(|tier| context_tier(tier)).collect::<Result<_, D::Error>>()?;
                }
                "service_tiers" => {
                    for (tier, rates) in members::<D::Error>(&value)? {
                        let mut read = Rates::default();
                        set_all::<D::Error>(&rates, &mut read)?;
                        price.service_tiers.push((tier, read));
                    }
                }
                // The first version wrote so. Such rows may still be in databases.
                "rates" => set_all::<D::Error>(&value, &mut price.rates)?,
                class => set::<D::Error>(class, &value, &mut price.rates)?,
            }
        }
        Ok(price)
    }
}

fn context_tier<E: Error>(tier: &RawValue) -> Result<ContextTier, E> {
    let (mut above, mut rates) = (None, Rates::default());
    for (name, value) in members::<E>(tier)? {
        match name.as_str() {
            "above" => above = Some(read::<u64, E>(&value)?),
            "rates" => set_all::<E>(&value, &mut rates)?,
            class => set::<E>(class, &value, &mut rates)?,
        }
    }
    let above = above.ok_or_else(|| E::missing_field("above"))?;
    Ok(ContextTier { above, rates })
}

fn set_all<E: Error>(object: &RawValue, rates: &mut Rates) -> Result<(), E> {
    members::<E>(object)?.iter().try_for_each(|(class, value)| set::<E>(class, value, rates))
}

fn set<E: Error>(class: &str, value: &RawValue, rates: &mut Rates) -> Result<(), E> {
    let class = UsageClass::lookup(class).ok_or_else(|| {
        E::custom(format!("`{class}` is not one of {}", UsageClass::ALL.map(UsageClass::name).join(", ")))
    })?;
    let text = value.get().trim_matches('"');
    let rate = Nanos::parse(text).ok_or_else(|| {
        E::custom(format!(
            "must be dollars per million tokens, as a decimal of at most nine places such as 0.59, got `{text}`"
        ))
    })?;
    rates.set(class, rate);
    Ok(())
}

fn members<E: Error>(object: &RawValue) -> Result<Vec<(String, Box<RawValue>)>, E> {
    let mut json = serde_json::Deserializer::from_str(object.get());
    serde::Deserializer::deserialize_map(&mut json, Members).map_err(E::custom)
}

fn read<T: serde::de::DeserializeOwned, E: Error>(value: &RawValue) -> Result<T, E> {
    serde_json::from_str(value.get()).map_err(E::custom)
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
            ("service_tiers", "Other prices for a service tier, by its name: `{ flex = { input = … } }`."),
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
