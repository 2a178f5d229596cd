//! A project. To add a field: a line in the struct and one in [`Project::new`]. The API, events and the audit log have it
//! then, and the database keeps it in the column `more`.

use super::{OwnBudget, OwnLimits};
use crate::chat::Json;
use crate::clock::Timestamp;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema), schema(as = ProjectView))]
pub struct Project {
    /// Its id, as keys, tokens and requests name it: required to make one, fixed from then on.
    #[cfg_attr(feature = "schema", schema(example = "search"))]
    pub id: String,
    /// A name for people; by default the id.
    #[cfg_attr(feature = "schema", schema(example = "Search"))]
    pub name: String,
    /// Metadata to store with it, as it was given.
    #[cfg_attr(feature = "schema", serde(with = "crate::schema::json"), schema(value_type = Object))]
    pub metadata: Json,
    /// What its requests may cost in a period: `{amount, period}`; null: no budget of its own.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnBudget>))]
    pub budget: Option<OwnBudget>,
    /// How much its requests may take: any of `rpm` (requests a minute), `tpm` (tokens a minute) and `concurrency`.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnLimits>))]
    pub limits: Option<OwnLimits>,
    /// When it was made.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub updated_at: Timestamp,
}

// === impl Project ===

impl Project {
    /// A project named like its id, made at the beginning of time.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            metadata: Json("{}".into()),
            budget: None,
            limits: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }
}

#[cfg(feature = "schema")]
impl crate::schema::RegisteredSchema for Project {}
