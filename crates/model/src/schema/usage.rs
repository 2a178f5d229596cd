//! Amounts by class: an object of those that are not zero.

use crate::usage::{Amounts, UsageClass};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::Serializer;
use std::fmt;

pub(crate) fn serialize<S: Serializer>(amounts: &Amounts, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(amounts.nonzero().map(|(class, amount)| (class.name(), amount)))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amounts, D::Error> {
    deserializer.deserialize_map(AmountsVisitor)
}

struct AmountsVisitor;

impl<'de> Visitor<'de> for AmountsVisitor {
    type Value = Amounts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of amounts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Amounts, A::Error> {
        let mut amounts = Amounts::default();
        while let Some((name, amount)) = map.next_entry::<String, u64>()? {
            let class = UsageClass::lookup(&name).ok_or_else(|| A::Error::custom(format!("no class `{name}`")))?;
            amounts.set(class, amount);
        }
        Ok(amounts)
    }
}
