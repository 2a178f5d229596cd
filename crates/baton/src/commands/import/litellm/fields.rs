//! An object of LiteLLM's, taken apart field by field: what is left at the end has no equivalent, and is named.

use super::tables::without_equivalent;
use crate::commands::import::result::ImportResult;
use serde_json::{Map, Value};

/// The fields of an object. What is taken is ticked off.
pub struct Fields {
    /// Where it stands, for notes.
    pub place: String,
    left: Map<String, Value>,
}

impl Fields {
    /// The fields of a value; one that is no object is noted, and has none.
    pub fn of(place: impl Into<String>, value: Value, imported: &mut ImportResult) -> Self {
        let place = place.into();
        let left = match value {
            Value::Object(fields) => fields,
            Value::Null => Map::new(),
            _ => {
                imported.note(&place, "is not an object, and was passed over");
                Map::new()
            }
        };
        Self { place, left }
    }

    /// A field; null is as absent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.left.shift_remove(name).filter(|value| !value.is_null())
    }

    /// Whether there is such a field that says something.
    pub fn has(&self, name: &str) -> bool {
        self.left.get(name).is_some_and(|value| !value.is_null())
    }

    /// A text. What is something else is noted.
    pub fn text(&mut self, name: &str, imported: &mut ImportResult) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            // YAML makes a number of an id of digits.
            Value::Number(number) => Some(number.to_string()),
            _ => {
                imported.note(&self.place, &format!("`{name}` is no text, and was passed over"));
                None
            }
        }
    }

    /// A positive whole number. What is something else is noted.
    pub fn count(&mut self, name: &str, imported: &mut ImportResult) -> Option<u64> {
        let value = self.take(name)?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // `1000.0` counts too: what is set over a form may be a float.
        let whole = |number: f64| (number.fract() == 0.0 && (1.0..=9e15).contains(&number)).then_some(number);
        match text.parse::<f64>().ok().and_then(whole) {
            // Within the bounds above every float without a fraction is a whole number.
            Some(number) => format!("{number:.0}").parse().ok(),
            None => {
                imported.note(&self.place, &format!("`{name}` is no positive whole number, and was passed over"));
                None
            }
        }
    }

    /// An amount of money. What is something else is noted.
    pub fn dollars(&mut self, name: &str, imported: &mut ImportResult) -> Option<Value> {
        let value = self.take(name)?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if !text.parse::<f64>().is_ok_and(|amount| (0.0..1e12).contains(&amount)) {
            imported.note(&self.place, &format!("`{name}` is no amount of money, and was passed over"));
            return None;
        }
        Some(value)
    }

    /// An array; one value is a list of it.
    pub fn list(&mut self, name: &str) -> Vec<Value> {
        match self.take(name) {
            Some(Value::Array(items)) => items,
            Some(value) => vec![value],
            None => Vec::new(),
        }
    }

    /// An array of texts. What is something else is noted.
    pub fn texts(&mut self, name: &str, imported: &mut ImportResult) -> Vec<String> {
        let mut texts = Vec::new();
        for item in self.list(name) {
            match item {
                Value::String(text) => texts.push(text),
                _ => {
                    imported.note(&self.place, &format!("`{name}` has an entry that is no text, which was passed over"))
                }
            }
        }
        texts
    }

    /// Ticks off what says nothing that a file could say.
    pub fn pass_over(&mut self, is_one: impl Fn(&str) -> bool) {
        self.left.retain(|name, _| !is_one(name));
    }

    /// Names what is left and says something. Never its value, which may be a secret.
    pub fn finish(self, imported: &mut ImportResult) {
        for (name, value) in self.left {
            let says_nothing = match &value {
                Value::Null | Value::Bool(false) => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Object(members) => members.is_empty(),
                Value::Bool(true) => false,
                Value::Number(number) => number.as_f64() == Some(0.0),
            };
            if !says_nothing {
                imported.note(&self.place, &without_equivalent(&name));
            }
        }
    }
}
