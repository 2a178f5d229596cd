//! Fields of a registered thing by their names: which there are, which are given, which are left.

use super::json::Members;
use crate::bounds;
use crate::chat::Json;
use crate::serde_words::describe_value;
use serde::de::{DeserializeOwned, Deserializer, Visitor, value};
use serde::forward_to_deserialize_any;
use serde::ser::Serialize;
use utoipa::PartialSchema;
use utoipa::openapi::{RefOr, Schema};

/// A field's name, and its value as JSON text.
pub type NamedValue = (String, Json);

/// A registered thing whose schema is its own.
pub trait RegisteredSchema: Serialize + DeserializeOwned {
    /// Takes over what is never written (hashes), from itself before a change.
    fn keep_secrets(&mut self, _before: &Self) {}
}

/// The names of all fields that a struct is read from.
pub fn field_names<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // Reading a struct begins with naming its fields; the probe goes no further.
    let _ = T::deserialize(Probe(&mut names));
    names
}

/// The names of the fields that somebody may set: all that the description does not call read-only.
pub fn settable_names<T: DeserializeOwned + PartialSchema>() -> Vec<&'static str> {
    let RefOr::T(Schema::Object(object)) = T::schema() else { return Vec::new() };
    let is_settable = |name: &&&str| match object.properties.get(**name) {
        Some(RefOr::T(Schema::Object(property))) => property.read_only != Some(true),
        // What refers to another schema can't say here that it is read-only.
        property => property.is_some(),
    };
    field_names::<T>().iter().filter(is_settable).copied().collect()
}

struct Probe<'n>(&'n mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("a probe holds no value"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The thing with these fields in the place of its own.
///
/// # Errors
/// If a value is not what the field takes.
pub fn merge_fields<T: RegisteredSchema>(thing: &T, changes: &[NamedValue]) -> Result<T, serde_json::Error> {
    // Through JSON, so that a field with a new type needs no line here.
    let mut fields = fields(thing)?;
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        fields.push((name.clone(), value.clone()));
    }
    let mut changed: T = serde_json::from_str(&object(&fields)?)?;
    changed.keep_secrets(thing);
    Ok(changed)
}

/// The thing's fields but for those of these names, as a JSON object: what the database keeps beside its columns.
///
/// # Errors
/// Never in practice: what is registered always serialises.
pub fn fields_without<T: Serialize>(thing: &T, names: &[&str]) -> Result<String, serde_json::Error> {
    let mut fields = fields(thing)?;
    fields.retain(|(name, _)| !names.contains(&name.as_str()));
    object(&fields)
}

fn fields<T: Serialize>(thing: &T) -> Result<Vec<NamedValue>, serde_json::Error> {
    let text = serde_json::to_string(thing)?;
    let members = (&mut serde_json::Deserializer::from_str(&text)).deserialize_map(Members)?;
    Ok(members.into_iter().map(|(name, value)| (name, Json(value.get().to_owned()))).collect())
}

fn object(fields: &[NamedValue]) -> Result<String, serde_json::Error> {
    let mut text = String::from("{");
    for (number, (name, value)) in fields.iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        text.push_str(&serde_json::to_string(name)?);
        text.push(':');
        text.push_str(&value.0);
    }
    text.push('}');
    Ok(text)
}

/// What is wrong with a value, for people.
pub fn problem(error: &serde_json::Error, value: &str) -> String {
    const SHOWN: usize = 41;
    describe_value(&error.to_string(), &bounds::truncate(value, SHOWN))
}
