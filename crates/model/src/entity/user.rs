//! A user. To add a field: a line in the struct and one in [`User::new`]. The API, events, the audit log and the database
//! have it then.

use super::{OwnBudget, OwnLimits};
use crate::chat::Json;
use crate::clock::Timestamp;

/// A user as tokens, keys and requests name it, with what is set for it. Users need not be registered to make requests.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema), schema(as = UserView))]
pub struct User {
    /// Its id, as tokens, keys and requests name it.
    #[cfg_attr(feature = "schema", schema(example = "anna"))]
    pub id: String,
    /// A name for people; by default the id.
    #[cfg_attr(feature = "schema", schema(example = "Anna Arendt"))]
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
    /// When it was registered.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub updated_at: Timestamp,
}

// === impl User ===

impl User {
    /// A user named like its id, registered at the beginning of time.
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
impl crate::schema::RegisteredSchema for User {}
