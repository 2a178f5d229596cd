//! An event as JSON.

use super::{BusEvent, DEFINED, ExtensionValue, JSON, is_name};
use baton_model::Timestamp;
use chrono::{DateTime, SecondsFormat};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

impl BusEvent {
    /// The event as JSON on one line. Reading it gives the same event.
    pub fn write(&self) -> String {
        // Strings, numbers and valid JSON always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Serialize for BusEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("type", &self.kind)?;
        if let Some(subject) = &self.subject {
            map.serialize_entry("subject", subject)?;
        }
        if let Some(time) = self.time.and_then(write_time) {
            map.serialize_entry("time", &time)?;
        }
        for (name, value) in &self.extensions {
            // An extension called `id` would be the second of that name, and readers differ in which they take.
            if is_name(name) && !DEFINED.contains(&name.as_str()) {
                map.serialize_entry(name, value)?;
            }
        }
        let json = self.data.as_ref().map(|_| JSON);
        if let Some(content) = self.datacontenttype.as_deref().or(json) {
            map.serialize_entry("datacontenttype", content)?;
        }
        if let Some(schema) = &self.dataschema {
            map.serialize_entry("dataschema", schema)?;
        }
        if let Some(raw) = self.data.as_ref().and_then(|data| serde_json::from_str::<&RawValue>(&data.0).ok()) {
            map.serialize_entry("data", raw)?;
        }
        map.end()
    }
}

impl Serialize for ExtensionValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Boolean(value) => serializer.serialize_bool(*value),
        }
    }
}

fn write_time(time: Timestamp) -> Option<String> {
    Some(DateTime::from_timestamp_micros(time.0)?.to_rfc3339_opts(SecondsFormat::Micros, true))
}
