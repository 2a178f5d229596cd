//! Fields whose compact form is not that of JSON: numbers for times and money, text for JSON.

use crate::chat::Json;
use crate::clock::Timestamp;
use crate::money::Nanos;
use crate::price::{Cost, Factor};
use crate::usage::{Amounts, UsageClass};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;

/// A time as microseconds.
pub(super) mod micros {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(time.0)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp)
    }
}

/// A factor in millionths, or none.
pub(super) mod maybe_factor {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        factor: &Option<Factor>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        factor.map(Factor::in_millionths).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Factor>, D::Error> {
        let millionths = Option::<u32>::deserialize(deserializer)?;
        Ok(millionths.map(Factor::millionths))
    }
}

/// The same, or none.
pub(super) mod maybe_micros {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(|time| time.0).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Timestamp))
    }
}

/// Money as billionths of a dollar, or none where it is not known.
pub(super) mod nanos {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(cost: &Cost, serializer: S) -> Result<S::Ok, S::Error> {
        cost.known().map(|nanos| nanos.0).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cost, D::Error> {
        let nanos = Option::<i64>::deserialize(deserializer)?;
        Ok(nanos.map_or(Cost::Unpriced, |nanos| Cost::Known(Nanos(nanos))))
    }
}

/// JSON as it was written.
pub(super) mod maybe_json {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(json: &Option<Json>, serializer: S) -> Result<S::Ok, S::Error> {
        json.as_ref().map(|json| json.0.as_str()).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Json))
    }
}

/// Amounts that are not zero, by the names of their classes.
pub(super) mod amounts {
    use super::*;

    pub(in super::super) fn serialize<S: Serializer>(amounts: &Amounts, serializer: S) -> Result<S::Ok, S::Error> {
        // Counted first: a map whose length is not known is gathered in a buffer of its own.
        let mut map = serializer.serialize_map(Some(amounts.nonzero().count()))?;
        for (class, amount) in amounts.nonzero() {
            map.serialize_entry(class.name(), &amount)?;
        }
        map.end()
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amounts, D::Error> {
        deserializer.deserialize_map(AmountsVisitor)
    }
}

struct AmountsVisitor;

impl<'de> Visitor<'de> for AmountsVisitor {
    type Value = Amounts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("amounts by class")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Amounts, A::Error> {
        let mut amounts = Amounts::default();
        while let Some((Class(class), amount)) = map.next_entry::<Class, u64>()? {
            amounts.set(class, amount);
        }
        Ok(amounts)
    }
}

struct Class(UsageClass);

impl<'de> Deserialize<'de> for Class {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::schema::words::read(deserializer, |name| {
            UsageClass::lookup(name).map(Self).ok_or_else(|| "an unknown class".to_owned())
        })
    }
}
