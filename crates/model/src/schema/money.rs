//! Amounts of money as a field of what is registered: dollars, in exact decimals.

use crate::money::Nanos;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

/// What a field of money takes.
const EXPECTED: &str = "must be dollars of at most nine decimal places, such as 12.5";

pub(crate) fn serialize<S: Serializer>(nanos: &Nanos, serializer: S) -> Result<S::Ok, S::Error> {
    // The text of the number itself: through a float it would not stay exact.
    RawValue::from_string(nanos.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
}

/// A JSON number or string.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Nanos, D::Error> {
    let json = Box::<RawValue>::deserialize(deserializer)?;
    read(json.get()).ok_or_else(|| D::Error::custom(EXPECTED))
}

fn read(json: &str) -> Option<Nanos> {
    let text = json.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(json);
    Nanos::parse_scaled(text, 0)
}

/// The same for a field that may be null.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, EXPECTED, Error, Nanos, RawValue, Serialize, Serializer, read};

    pub(crate) fn serialize<S: Serializer>(nanos: &Option<Nanos>, serializer: S) -> Result<S::Ok, S::Error> {
        match nanos {
            Some(nanos) => super::serialize(nanos, serializer),
            None => ().serialize(serializer),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Nanos>, D::Error> {
        match Option::<Box<RawValue>>::deserialize(deserializer)? {
            Some(json) if json.get() != "null" => read(json.get()).map(Some).ok_or_else(|| D::Error::custom(EXPECTED)),
            _ => Ok(None),
        }
    }
}
