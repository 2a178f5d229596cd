//! A JSON body, taken apart field by field: each value's own text, so that decimals stay exact, and every wrong field
//! is named in one answer.

use super::faults::Faults;
use super::params::unknown;
use baton_dialect::framing::splice;
use baton_model::{Body, PublicError};
use bytes::Bytes;
use serde::de::DeserializeOwned;

/// The fields of a JSON object. What is taken is ticked off; what is left at the end is unknown.
pub struct Fields {
    body: Body,
    path: &'static str,
    taken: Vec<&'static str>,
}

impl Fields {
    /// Reads a body. None at all is an empty object.
    ///
    /// # Errors
    /// `invalid_request` if it is not a JSON object, or names a field twice.
    pub fn read(bytes: Bytes) -> Result<Self, PublicError> {
        let bytes = if bytes.trim_ascii().is_empty() { Bytes::from_static(b"{}") } else { bytes };
        Ok(Self { body: splice::scan(bytes)?, path: "", taken: Vec::new() })
    }

    /// The object inside a field, whose faults are named with the field's path; `None` if it is no object.
    pub fn nested(path: &'static str, json: &str, faults: &mut Faults) -> Option<Self> {
        match splice::scan(Bytes::copy_from_slice(json.as_bytes())) {
            Ok(body) => Some(Self { body, path, taken: Vec::new() }),
            Err(error) => {
                faults.add(path, error.to_string());
                None
            }
        }
    }

    /// The field's own JSON text, trimmed; `None` if it is absent. Null is `Some("null")`.
    pub fn raw(&mut self, name: &'static str) -> Option<&str> {
        if !self.taken.contains(&name) {
            self.taken.push(name);
        }
        self.body.value(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// A field of a type: `None` if it is absent, `Some(None)` if it is null or wrong (which is noted).
    pub fn take<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        expected: &str,
        faults: &mut Faults,
    ) -> Option<Option<T>> {
        let path = self.at(name);
        let text = self.raw(name)?;
        let read = serde_json::from_str::<Option<T>>(text);
        Some(read.unwrap_or_else(|_| {
            faults.add(path, format!("expected {expected}, got {}", brief(text)));
            None
        }))
    }

    /// A line of text that is neither empty nor longer than 2048 characters; null is as absent.
    pub fn text(&mut self, name: &'static str, faults: &mut Faults) -> Option<String> {
        let text = self.take::<String>(name, "a string", faults)??;
        let path = self.at(name);
        checked(path, text, char::is_control, faults)
    }

    /// A text of one or more lines that may be null: `None` if it is absent, `Some(None)` for null.
    pub fn nullable_text(&mut self, name: &'static str, faults: &mut Faults) -> Option<Option<String>> {
        let path = self.at(name);
        let text = self.take::<String>(name, "a string or null", faults)?;
        let unfit = |letter: char| letter.is_control() && !letter.is_whitespace();
        Some(text.and_then(|text| checked(path, text, unfit, faults)))
    }

    /// The field's name with its path.
    pub fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Every field, name and JSON text, for objects of free names.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.body.fields.iter().filter_map(|field| {
            let value = self.body.bytes.get(field.value.clone())?;
            Some((field.name.as_str(), std::str::from_utf8(value).ok()?))
        })
    }

    /// Notes the fields that nobody has taken.
    pub fn finish(self, faults: &mut Faults) {
        for field in self.body.fields.iter().filter(|field| !self.taken.contains(&field.name.as_str())) {
            faults.add(self.at(&field.name), unknown("field", &field.name, &self.taken));
        }
    }
}

const LONGEST_TEXT: usize = 2048;

fn checked(path: String, text: String, unfit: impl Fn(char) -> bool, faults: &mut Faults) -> Option<String> {
    let problem = if text.trim().is_empty() {
        "must not be empty"
    } else if text.chars().count() > LONGEST_TEXT {
        "is longer than 2048 characters"
    } else if text.chars().any(unfit) {
        "must not hold control characters"
    } else {
        return Some(text);
    };
    faults.add(path, problem);
    None
}

/// A value as an error message shows it.
pub fn brief(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
