//! The model that a request names: `model`, or `name` where that is empty, as the command line of Ollama writes it.

use super::is_ollamas;
use baton_dialect::framing::splice::Editor;
use baton_engine::{ModelSelector, Snapshot};
use baton_model::{Body as Json, Caller, Capability, Code, Model, PublicError};
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

/// The name of a model in a request, and the field in which it stands.
pub struct ModelName {
    /// The field.
    pub field: &'static str,
    /// The name.
    pub name: String,
}

/// Where Baton has the model of a name.
pub enum Place<'s> {
    /// At a server of Ollama.
    Ollama(&'s Arc<Model>),
    /// At a provider that pulls and deletes nothing.
    Elsewhere(&'s Arc<Model>),
    /// Nowhere that the caller can see.
    Unknown,
}

impl ModelName {
    /// The name that a body holds in one of these fields, the first that is not empty.
    ///
    /// # Errors
    /// `invalid_request` if there is none.
    pub fn read(body: &Json, fields: &[&'static str]) -> Result<Self, PublicError> {
        let text = |field: &str| body.value(field).and_then(|text| serde_json::from_slice::<String>(text).ok());
        let mut named = fields.iter().filter_map(|field| Some(Self { field, name: text(field)? }));
        let wanted = fields.first().copied().unwrap_or_default();
        let missing = || PublicError::new(Code::InvalidRequest, format!("{wanted}: must be a string")).at(wanted);
        named.find(|found| !found.name.is_empty()).ok_or_else(missing)
    }

    /// Where Baton has it, for that caller.
    pub fn find<'s>(&self, snapshot: &'s Snapshot, caller: &Caller) -> Place<'s> {
        match snapshot.find(caller, &ModelSelector::Model(self.name.clone()), Capability::Chat) {
            Ok(model) if is_ollamas(snapshot, model) => Place::Ollama(model),
            Ok(model) => Place::Elsewhere(model),
            Err(_) => Place::Unknown,
        }
    }

    /// The body with the name that the server itself has for the model.
    pub fn rename(&self, body: &Json, model: &Model) -> Bytes {
        let mut editor = Editor::new(body);
        editor.set(self.field, Value::from(model.upstream.as_str()).to_string());
        editor.finish()
    }
}
