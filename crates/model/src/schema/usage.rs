//! Amounts by class: an object of those that are not zero.

use crate::usage::{Usage, UsageClass};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::Serializer;
use std::fmt;

type Counts = [u64; UsageClass::COUNT];

pub(crate) fn serialize<S: Serializer>(counts: &Counts, serializer: S) -> Result<S::Ok, S::Error> {
    let usage = Usage { counts: *counts, ..Usage::default() };
    serializer.collect_map(usage.nonzero().map(|(class, amount)| (class.name(), amount)))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Counts, D::Error> {
    deserializer.deserialize_map(Amounts)
}

struct Amounts;

impl<'de> Visitor<'de> for Amounts {
    type Value = Counts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of amounts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Counts, A::Error> {
        let mut usage = Usage::default();
        while let Some((name, amount)) = map.next_entry::<String, u64>()? {
            let class = UsageClass::lookup(&name).ok_or_else(|| A::Error::custom(format!("no class `{name}`")))?;
            usage.set(class, amount);
        }
        Ok(usage.counts)
    }
}
