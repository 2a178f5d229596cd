//! What a body says of a registered thing: the fields that it gives, in the thing's own schema.

use super::faults::Faults;
use super::fields::JsonFields;
use baton_model::chat::Json;
use baton_model::schema::{NamedValue, RegisteredSchema, field_names, merge_fields, settable_names};
use baton_model::{Code, PublicError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use utoipa::PartialSchema;

/// Fields of a `T` that are to be changed; one that is absent says nothing.
#[derive(Debug)]
pub struct FieldChanges<T> {
    given: Vec<NamedValue>,
    of: PhantomData<fn() -> T>,
}

/// How a field is read.
pub enum Ruled {
    /// As its schema says, and nothing more: a new field needs nothing else.
    BySchema,
    /// By a rule of its own, which has read this; nothing if the field is absent, or wrong, which is noted.
    Read(Option<Json>),
}

impl Ruled {
    /// What a rule has read.
    pub fn read(value: Option<impl Serialize>) -> Self {
        // Names, numbers and JSON that was read before: it always serialises.
        Self::Read(value.and_then(|value| serde_json::to_string(&value).ok()).map(Json))
    }
}

impl<T: RegisteredSchema + PartialSchema> FieldChanges<T> {
    /// Reads the fields that can be set, but for the `fixed` ones, in the order of the schema. `rule` says how each is
    /// read; what is read by its schema is tried on `thing`.
    pub fn read(
        fields: &mut JsonFields,
        thing: &T,
        fixed: &[&str],
        faults: &mut Faults,
        mut rule: impl FnMut(&str, &mut JsonFields, &mut Faults) -> Ruled,
    ) -> Self {
        let mut given = Vec::new();
        for name in settable_names::<T>().into_iter().filter(|name| !fixed.contains(name)) {
            let value = match rule(name, fields, faults) {
                Ruled::BySchema => fields.by_schema(name, thing, faults),
                Ruled::Read(value) => value,
            };
            given.extend(value.map(|value| (name.to_owned(), value)));
        }
        Self { given, of: PhantomData }
    }

    /// Refuses a change of nothing.
    ///
    /// # Errors
    /// `invalid_request` that names what could be changed: all but what is `fixed`.
    pub fn require(&self, fixed: &[&str]) -> Result<(), PublicError> {
        if !self.given.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = settable_names::<T>().into_iter().filter(|name| !fixed.contains(name)).collect();
        let message = format!("the body must contain at least one field to change: {}", names.join(", "));
        Err(PublicError::new(Code::InvalidRequest, message))
    }

    /// Whether a field is said.
    pub fn says(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given == name)
    }

    /// What is said of a field.
    pub fn get<V: DeserializeOwned>(&self, name: &str) -> Option<V> {
        let (_, value) = self.given.iter().find(|(given, _)| given == name)?;
        serde_json::from_str(&value.0).ok()
    }

    /// Makes them: of a `T`, or of what has some of its fields.
    pub fn apply<U: RegisteredSchema>(&self, thing: &mut U) {
        match merge_fields(thing, &self.given) {
            Ok(changed) => *thing = changed,
            // Each was tried when it was read.
            Err(error) => tracing::error!(%error, "changes could not be made"),
        }
    }
}

/// Passes over what a reply shows but nobody can set, so that a thing that was got can be put back with a field changed.
pub fn pass_over_shown<T: RegisteredSchema + PartialSchema>(fields: &mut JsonFields) {
    let settable = settable_names::<T>();
    for name in field_names::<T>().iter().filter(|name| !settable.contains(name)) {
        fields.raw(name);
    }
}
