//! A project as the API shows it.

use crate::wire::time;
use baton_store::Project;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A project.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectView {
    /// The id that keys, tokens and requests refer to.
    #[schema(example = "search")]
    id: String,
    /// A display name.
    #[schema(example = "Search")]
    name: String,
    /// Its metadata.
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    /// When it was made.
    created_at: String,
    /// When it was last changed.
    updated_at: String,
}

impl From<&Project> for ProjectView {
    fn from(project: &Project) -> Self {
        let metadata = RawValue::from_string(project.metadata.0.clone());
        Self {
            id: project.id.clone(),
            name: project.name.clone(),
            metadata: metadata.unwrap_or_else(|_| RawValue::NULL.to_owned()),
            created_at: time::write(project.created_at),
            updated_at: time::write(project.updated_at),
        }
    }
}

/// The project as text, for events and the audit log.
pub fn text(project: &Project) -> String {
    // Text, and JSON that was read before: it always serialises.
    serde_json::to_string(&ProjectView::from(project)).unwrap_or_default()
}

/// The address of a project.
pub fn location(id: &str) -> String {
    format!("/api/projects/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}
