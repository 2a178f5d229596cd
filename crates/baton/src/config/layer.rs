//! The file as a layer of the configuration.

use config::{ConfigError, Map, Source, Value, ValueKind};
use std::fmt;

/// What the file says, its variables replaced.
#[derive(Clone)]
pub struct FileLayer(pub toml::Table);

// Not derived: secrets stand in it.
impl fmt::Debug for FileLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileLayer").finish_non_exhaustive()
    }
}

impl Source for FileLayer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(members(self.0.clone()))
    }
}

fn members(table: toml::Table) -> Map<String, Value> {
    table.into_iter().map(|(key, value)| (key, Value::new(None, kind(value)))).collect()
}

fn kind(value: toml::Value) -> ValueKind {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        // No key has a date: where one stands, its text says what is wrong.
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(items) => {
            ValueKind::Array(items.into_iter().map(|item| Value::new(None, kind(item))).collect())
        }
        toml::Value::Table(table) => ValueKind::Table(members(table)),
    }
}
