//! An event out of bytes from outside.

use super::{BusEvent, DEFINED, EventFault, ExtensionValue, JSON, is_name};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_model::Timestamp;
use baton_model::chat::Json;
use chrono::DateTime;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// The most bytes of an identifier: they become keys of databases and names of streams.
const LONGEST: usize = 512;

impl BusEvent {
    /// Reads an event. What the specification leaves open is taken as it comes: unknown extensions, any offset of
    /// `time`, `data_base64` that holds JSON; `null` is an attribute that is not there.
    ///
    /// # Errors
    /// The first attribute at fault, and what was expected of it.
    pub fn read(bytes: &[u8]) -> Result<Self, EventFault> {
        // A list of its own and not a map: a map keeps one of two members of the same name in silence.
        let members: Members = serde_json::from_slice(bytes).map_err(|error| {
            let problem = if error.is_data() { "must be a JSON object" } else { "must be valid JSON" };
            EventFault {
                attribute: None,
                problem: format!("{problem} (line {}, column {})", error.line(), error.column()),
            }
        })?;
        let mut draft = Draft::default();
        for (name, value) in members.0 {
            draft.put_attribute(name, &value)?;
        }
        draft.finish()
    }
}

/// A command's JSON without what it has as `apikey`, or `None` if it is no JSON object.
pub(crate) fn masked(raw: &[u8]) -> Option<Value> {
    let mut value: Value = serde_json::from_slice(raw).ok()?;
    for (name, value) in value.as_object_mut()? {
        // In any case: a misspelt attribute is refused, and its value must not be logged either.
        if name.eq_ignore_ascii_case("apikey") {
            *value = "***".into();
        }
    }
    Some(value)
}

/// What has been read so far.
#[derive(Default)]
struct Draft {
    event: Option<BusEvent>,
    specversion: bool,
    seen: Vec<String>,
}

impl Draft {
    fn put_attribute(&mut self, name: String, value: &RawValue) -> Result<(), EventFault> {
        // JSON parsers differ in which of two members wins, so neither is taken.
        if self.seen.contains(&name) {
            return Err(fault(&name, "is given twice"));
        }
        let event = self.event.get_or_insert_with(|| BusEvent::new("", "", ""));
        if value.get() == "null" {
            // As the specification says: not there. JSON's null as `data` means nothing to any command.
            self.seen.push(name);
            return Ok(());
        }
        match name.as_str() {
            "specversion" => {
                version(&text(&name, value)?)?;
                self.specversion = true;
            }
            "id" => event.id = identifier(&name, value)?,
            "source" => event.source = identifier(&name, value)?,
            "type" => event.kind = identifier(&name, value)?,
            "subject" => event.subject = Some(text(&name, value)?),
            "time" => event.time = Some(time(&text(&name, value)?)?),
            "datacontenttype" => event.datacontenttype = content_type(&text(&name, value)?)?,
            "dataschema" => event.dataschema = Some(text(&name, value)?),
            "data" | "data_base64" if event.data.is_some() => {
                return Err(fault(&name, "must contain either `data` or `data_base64`, not both"));
            }
            // As text: numbers keep their spelling, so that a price in a command stays exact.
            "data" => event.data = Some(Json(value.get().to_owned())),
            "data_base64" => event.data = Some(decoded(&text(&name, value)?)?),
            _ => {
                let value = extension(&name, value)?;
                event.extensions.insert(name.clone(), value);
            }
        }
        self.seen.push(name);
        Ok(())
    }

    fn finish(self) -> Result<BusEvent, EventFault> {
        let missing = |name| fault(name, "is required");
        let event = self.event.ok_or_else(|| missing("specversion"))?;
        // Also where all else is there: an event of version 0.3 has other names, and must not be read by these.
        if !self.specversion {
            return Err(missing("specversion"));
        }
        for (name, value) in [("id", &event.id), ("source", &event.source), ("type", &event.kind)] {
            if value.is_empty() {
                return Err(missing(name));
            }
        }
        Ok(event)
    }
}

fn fault(attribute: &str, problem: impl Into<String>) -> EventFault {
    // A name from outside goes into messages: not a page of it.
    let name: String = attribute.chars().take(64).filter(|char| !char.is_control()).collect();
    EventFault { attribute: Some(name), problem: problem.into() }
}

fn text(name: &str, value: &RawValue) -> Result<String, EventFault> {
    serde_json::from_str(value.get()).map_err(|_| fault(name, format!("must be a string, got {}", kind(value))))
}

fn identifier(name: &str, value: &RawValue) -> Result<String, EventFault> {
    let text = text(name, value)?;
    if text.is_empty() {
        return Err(fault(name, "is empty"));
    }
    if text.len() > LONGEST {
        return Err(fault(name, format!("must be at most {LONGEST} bytes, got {}", text.len())));
    }
    // Control characters would end up in subjects, keys and log lines.
    if text.chars().any(char::is_control) {
        return Err(fault(name, "must not contain control characters"));
    }
    Ok(text)
}

fn version(text: &str) -> Result<(), EventFault> {
    // Patches of 1.0 change no format, and some writers name them.
    let known = text == "1.0" || text.starts_with("1.0.");
    known.then_some(()).ok_or_else(|| fault("specversion", format!("must be 1.0, got `{}`", short(text))))
}

fn time(text: &str) -> Result<Timestamp, EventFault> {
    let time = DateTime::parse_from_rfc3339(text)
        .map_err(|_| fault("time", format!("must be a time such as 2026-01-31T12:00:00Z, got `{}`", short(text))))?;
    Ok(Timestamp(time.timestamp_micros()))
}

/// The type, unless it is plain JSON.
fn content_type(text: &str) -> Result<Option<String>, EventFault> {
    let essence = text.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let json = essence == "application/json" || essence == "text/json" || essence.ends_with("+json");
    let problem = || fault("datacontenttype", format!("must be application/json, got `{}`", short(text)));
    json.then(|| (text != JSON).then(|| text.to_owned())).ok_or_else(problem)
}

fn decoded(text: &str) -> Result<Json, EventFault> {
    let bytes = STANDARD.decode(text).map_err(|_| fault("data_base64", "must be base64".to_owned()))?;
    let value: Box<RawValue> =
        serde_json::from_slice(&bytes).map_err(|_| fault("data_base64", "must be the base64 of JSON".to_owned()))?;
    Ok(Json(value.get().to_owned()))
}

fn extension(name: &str, value: &RawValue) -> Result<ExtensionValue, EventFault> {
    if !is_name(name) {
        // Most such names come from the camel case of client libraries (`replyTo`), so the right one is named.
        let lower: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let known = DEFINED.iter().chain(&["apikey", "replyto", "commandid", "traceparent", "tracestate"]);
        let meant = known.copied().find(|known| *known == lower).map(|known| format!("; did you mean `{known}`?"));
        let problem = "is not an attribute: names consist of lower-case letters and digits";
        return Err(fault(name, format!("{problem}{}", meant.unwrap_or_default())));
    }
    match serde_json::from_str(value.get()) {
        Ok(Value::String(text)) => Ok(ExtensionValue::Text(text)),
        Ok(Value::Bool(value)) => Ok(ExtensionValue::Boolean(value)),
        Ok(Value::Number(number)) if number.is_i64() => Ok(ExtensionValue::Number(number.as_i64().unwrap_or_default())),
        _ => Err(fault(name, format!("must be a string, an integer or a boolean, got {}", kind(value)))),
    }
}

fn kind(value: &RawValue) -> &'static str {
    match value.get().bytes().next() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    }
}

fn short(text: &str) -> String {
    text.chars().take(40).filter(|char| !char.is_control()).collect()
}

/// The members of an object in order, also those that stand there twice.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collect).map(Self)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Vec<(String, Box<RawValue>)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
