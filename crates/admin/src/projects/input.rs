//! The fields of a project.

use crate::wire::faults::Faults;
use crate::wire::fields::Fields;
use crate::wire::phrases::brief;
use baton_model::chat::Json;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A project to create, or the fields of one to change.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = Project)]
pub struct ProjectBody {
    /// Its id, as keys, tokens and requests name it: required to make one, fixed from then on.
    #[schema(example = "search")]
    pub id: Option<String>,
    /// A name for people; by default the id.
    #[schema(example = "Search")]
    pub name: Option<String>,
    /// Metadata to store with it.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
}

const LONGEST_ID: usize = 256;

impl ProjectBody {
    /// Reads a body.
    pub fn read(fields: &mut Fields, faults: &mut Faults) -> Self {
        let body: Self = fields.body(faults).unwrap_or_default();
        if let Some(metadata) = body.metadata.as_ref().filter(|metadata| !metadata.get().starts_with('{')) {
            faults.add("metadata", format!("expected an object, got {}", brief(metadata.get())));
        }
        body
    }

    /// The id of a new project.
    pub fn new_id(&self, faults: &mut Faults) -> String {
        let id = self.id.clone().unwrap_or_default();
        if id.len() > LONGEST_ID {
            faults.add("id", "is longer than 256 bytes");
        } else if id.trim() != id {
            faults.add("id", "must not begin or end with a blank");
        }
        id
    }

    /// The metadata, as it was written.
    pub fn metadata(&self) -> Option<Json> {
        self.metadata.as_ref().map(|metadata| Json(metadata.get().to_owned()))
    }
}
