//! JSON of the operator's own: kept and written as it came, each number and each blank.

use crate::chat::Json;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use std::fmt;

/// A value; what is no JSON after all is an empty object.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(json: &Json, serializer: S) -> Result<S::Ok, S::Error> {
    match RawValue::from_string(json.0.clone()) {
        Ok(raw) => raw.serialize(serializer),
        Err(_) => serializer.serialize_map(Some(0))?.end(),
    }
}

/// An object, as it was written.
///
/// # Errors
/// If it is none.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
    // As text: `serde_json::Value` would make a float of `1.10`, and of large integers too.
    let text = Box::<RawValue>::deserialize(deserializer)?.get().to_owned();
    if text.starts_with('{') { Ok(Json(text)) } else { Err(D::Error::custom("must be an object")) }
}

/// Any JSON or none, as it was written, but on one line.
pub(crate) mod one_line {
    use super::{Deserialize, Deserializer, Json, RawValue, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(json: &Option<Json>, serializer: S) -> Result<S::Ok, S::Error> {
        // Line ends can stand only between its tokens, where a blank does as well.
        let line = |json: &Json| RawValue::from_string(json.0.trim().replace(['\n', '\r'], " ")).ok();
        json.as_ref().and_then(line).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
        let raw = Option::<Box<RawValue>>::deserialize(deserializer)?;
        Ok(raw.map(|raw| Json(raw.get().to_owned())))
    }
}

/// An object whose members keep their order.
pub(crate) mod members {
    use super::{Deserializer, Json, Members, RawValue, SerializeMap, Serializer};

    pub(crate) fn serialize<S: Serializer>(members: &[(String, Json)], serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in members {
            // A member that is no JSON is left out: the others must be written all the same.
            if let Ok(raw) = RawValue::from_string(value.0.clone()) {
                map.serialize_entry(name, &raw)?;
            }
        }
        map.end()
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Json)>, D::Error> {
        let members = deserializer.deserialize_map(Members)?;
        Ok(members.into_iter().map(|(name, value)| (name, Json(value.get().to_owned()))).collect())
    }
}

/// Reads the members of an object in their order; of two of one name the last counts.
pub(crate) struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, Box<RawValue>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Self::Value = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            match members.iter_mut().find(|(known, _)| *known == name) {
                Some(member) => member.1 = value,
                None => members.push((name, value)),
            }
        }
        Ok(members)
    }
}
