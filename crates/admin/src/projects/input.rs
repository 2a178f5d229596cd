//! The fields of a project.

use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use baton_model::chat::Json;
use serde::Deserialize;
use utoipa::ToSchema;

/// A project to create, or the fields of one to change.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(as = Project)]
pub struct ProjectBody {
    /// The id that keys, tokens and requests refer to; required to create a project, and can't be changed.
    #[schema(example = "search")]
    pub id: Option<String>,
    /// A display name; by default the id.
    #[schema(example = "Search")]
    pub name: Option<String>,
    /// Metadata to store with it.
    #[serde(skip)]
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<Json>,
}

impl ProjectBody {
    /// Reads a body.
    pub fn read(fields: &mut JsonFields, faults: &mut Faults) -> Self {
        let body: Self = fields.read_body(faults).unwrap_or_default();
        let metadata = fields.object("metadata", faults);
        Self { metadata, ..body }
    }

    /// The id of a new project.
    pub fn new_id(&self, faults: &mut Faults) -> String {
        let id = self.id.clone().unwrap_or_default();
        if id.trim() != id {
            faults.add("id", "must not begin or end with a space");
        }
        id
    }
}
