//! CloudEvents 1.0 in JSON: what every message of the bus is.
//!
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use read::masked;

use baton_model::Timestamp;
use baton_model::chat::Json;
use std::collections::BTreeMap;

/// Something that happened, or a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusEvent {
    /// Unique: who has seen it has seen the event.
    pub id: String,
    /// Who tells: a node, or a client.
    pub source: String,
    /// What happened, or the command's name (the attribute `type`).
    pub kind: String,
    /// What it is about.
    pub subject: Option<String>,
    /// When.
    pub time: Option<Timestamp>,
    /// What `data` is, if it is more special than `application/json` (which is written where there is data).
    pub datacontenttype: Option<String>,
    /// The address of a schema of `data`.
    pub dataschema: Option<String>,
    /// The details, as a JSON value in its own spelling.
    pub data: Option<Json>,
    /// Every other attribute, by a name of lower-case letters and digits.
    pub extensions: BTreeMap<String, ExtensionValue>,
}

/// The value of an extension attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtensionValue {
    /// A string.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Boolean(bool),
}

/// Why bytes are no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", attribute.as_ref().map(|name| format!("{name}: ")).unwrap_or_default())]
pub struct EventFault {
    /// The attribute at fault; `None`: the whole.
    pub attribute: Option<String>,
    /// What is wrong with it, and what was expected.
    pub problem: String,
}

impl BusEvent {
    /// An event with nothing but what each must have.
    pub fn new(id: impl Into<String>, source: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            source: source.into(),
            kind: kind.into(),
            subject: None,
            time: None,
            datacontenttype: None,
            dataschema: None,
            data: None,
            extensions: BTreeMap::new(),
        }
    }

    /// With an extension attribute of text. A name that is no attribute's name is left out when the event is written.
    #[must_use]
    pub fn with_attribute(mut self, name: &str, value: impl Into<String>) -> Self {
        self.extensions.insert(name.to_owned(), ExtensionValue::Text(value.into()));
        self
    }

    /// An extension attribute, if it is there and is text: `apikey`, `replyto`, `commandid`, `traceparent`.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.extensions.get(name)? {
            ExtensionValue::Text(text) => Some(text),
            ExtensionValue::Number(_) | ExtensionValue::Boolean(_) => None,
        }
    }
}

/// What `data` is unless something else is said.
const JSON: &str = "application/json";

/// Attributes that the specification defines; no extension may have such a name.
const DEFINED: [&str; 10] =
    ["id", "source", "specversion", "type", "subject", "time", "datacontenttype", "dataschema", "data", "data_base64"];

/// Whether an attribute may be called that.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}
