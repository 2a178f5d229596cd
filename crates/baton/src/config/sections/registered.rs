//! A table of the file that is a registered thing: read by the thing's own schema, and to its end, so that all that is
//! wrong is told at once.

use baton_model::chat::Json;
use baton_model::schema::{RegisteredSchema, merge_fields, problem};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is wrong with a table: key and problem.
pub type TableFaults = Vec<(String, String)>;

/// The thing with the fields that a table gives; what is wrong stays as it was in `thing`.
pub fn read_table<T: RegisteredSchema>(thing: T, given: BTreeMap<String, Value>) -> (T, TableFaults) {
    let values: Vec<(String, Value)> = given
        .into_iter()
        .map(|(key, mut value)| {
            // Layers of the configuration have no order.
            value.sort_all_objects();
            (key, time_as_text(value))
        })
        .collect();
    let written: Vec<_> = values.iter().map(|(key, value)| (key.clone(), Json(value.to_string()))).collect();
    if let Ok(thing) = merge_fields(&thing, &written) {
        return (thing, Vec::new());
    }
    // One after the other, which takes longer, and tells which are wrong.
    let (mut thing, mut faults) = (thing, Vec::new());
    for (key, value) in &values {
        match with(&thing, key, value) {
            Ok(changed) => thing = changed,
            Err(error) => faults.extend(located(&thing, key, value, &error)),
        }
    }
    (thing, faults)
}

/// A time that stands in the file without quotes, as the text that it would be with them.
fn time_as_text(value: Value) -> Value {
    // What the TOML library calls a time where JSON is read.
    const TIME: &str = "$__toml_private_datetime";
    match &value {
        Value::Object(members) if members.len() == 1 => members.get(TIME).cloned().unwrap_or(value),
        _ => value,
    }
}

fn with<T: RegisteredSchema>(thing: &T, key: &str, value: &Value) -> Result<T, serde_json::Error> {
    merge_fields(thing, &[(key.to_owned(), Json(value.to_string()))])
}

/// What is wrong with a value, by its own members where it has some.
fn located<T: RegisteredSchema>(thing: &T, key: &str, value: &Value, error: &serde_json::Error) -> TableFaults {
    let members = value.as_object().into_iter().flatten();
    let wrong = members.filter_map(|(name, value)| {
        let alone = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
        let error = with(thing, key, &alone).err()?;
        Some((format!("{key}.{name}"), problem(&error, &value.to_string())))
    });
    let wrong: Vec<_> = wrong.collect();
    if wrong.is_empty() { vec![(key.to_owned(), problem(error, &value.to_string()))] } else { wrong }
}
