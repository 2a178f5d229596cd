//! JSON in columns: lists of names, members of objects, what has a schema of its own.

pub(crate) mod more;

use baton_model::chat::Json;
use baton_model::{ModelUsage, Quirks, schema};
use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A number of tokens as a column has it.
pub(crate) fn integer(number: u64) -> i64 {
    // Both databases have signed numbers alone. An absurd count of a provider must not keep its record from being
    // written.
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What has a schema, as text.
pub(crate) fn text(value: &impl Serialize) -> String {
    // Words, numbers and names: they always serialise.
    serde_json::to_string(value).unwrap_or_default()
}

/// Quirks. Those that this version does not know are passed over, as a newer one may have written them.
pub(crate) fn read_quirks(text: &str) -> Result<Quirks, serde_json::Error> {
    let mut quirks: IndexMap<String, Box<RawValue>> = serde_json::from_str(text)?;
    let known = schema::field_names::<Quirks>();
    quirks.retain(|name, _| known.contains(&name.as_str()));
    serde_json::from_str(&serde_json::to_string(&quirks)?)
}

/// What other models consumed; NULL for nothing.
pub(crate) fn other_models(models: &[ModelUsage]) -> Option<String> {
    (!models.is_empty()).then(|| text(&models))
}

pub(crate) fn read_other_models(text: Option<&str>) -> Result<Vec<ModelUsage>, serde_json::Error> {
    text.map_or(Ok(Vec::new()), serde_json::from_str)
}

/// JSON as a column has it, for those who read it; null if it is none after all.
pub(crate) fn raw<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    text.clone().and_then(|text| RawValue::from_string(text).ok()).serialize(serializer)
}

/// A JSON array of names.
pub(crate) fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    serde_json::Value::from_iter(names).to_string()
}

pub(crate) fn read_names(text: &str) -> Result<Vec<String>, serde_json::Error> {
    serde_json::from_str(text)
}

/// A JSON object of these members, in their order, each value as it was written.
pub(crate) fn members(members: &[(String, Json)]) -> String {
    let member = |(name, value): &(String, Json)| format!("{}:{}", serde_json::Value::from(name.as_str()), value.0);
    format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
}

pub(crate) fn read_members(text: &str) -> Result<Vec<(String, Json)>, serde_json::Error> {
    let members: IndexMap<String, Box<RawValue>> = serde_json::from_str(text)?;
    Ok(members.into_iter().map(|(name, value)| (name, Json(value.get().to_owned()))).collect())
}
