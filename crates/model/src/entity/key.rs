//! An API key. To add a field: a line in the struct and one in [`ApiKey::new`]. The API, events and the audit log have it
//! then, and the database keeps it in the column `more`.

use super::{OwnBudget, OwnLimits, Role, Scope};
use crate::clock::Timestamp;
use crate::id::{KeyId, ModelId};
use std::sync::Arc;

/// An API key, without its secret, which only its owner knows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema), schema(as = KeyView))]
pub struct ApiKey {
    /// Its id.
    #[cfg_attr(
        feature = "schema",
        schema(value_type = String, example = "key_5f0c9a4e1b2d3c4f5a6b7c8d", read_only)
    )]
    pub id: KeyId,
    /// A display name.
    #[cfg_attr(feature = "schema", schema(example = "team-a"))]
    pub name: String,
    /// The key's first characters, to tell keys apart.
    #[cfg_attr(feature = "schema", schema(example = "bt-x7Kq2m", read_only))]
    pub prefix: String,
    /// What the key hashes to, in hexadecimal; unique. Never shown.
    #[cfg_attr(feature = "schema", serde(skip))]
    pub hash: String,
    /// `admin`, `operator`, `viewer` or `caller`.
    #[cfg_attr(feature = "schema", schema(value_type = String, example = "caller"))]
    pub role: Role,
    /// What it may see: `all`, or only the records of its `project`; null: those of its project, if it has one.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, example = "project"))]
    pub scope: Option<Scope>,
    /// The project that its requests are attributed to.
    #[cfg_attr(feature = "schema", serde(rename = "project_id"), schema(value_type = Option<String>))]
    pub project: Option<Arc<str>>,
    /// The projects that requests may be attributed to with `x-baton-project`, for a key without a project.
    #[cfg_attr(feature = "schema", schema(value_type = Option<Vec<String>>))]
    pub projects: Option<Arc<[Arc<str>]>>,
    /// The user that its requests are attributed to.
    #[cfg_attr(feature = "schema", serde(rename = "user_id"), schema(value_type = Option<String>))]
    pub user: Option<Arc<str>>,
    /// The models that it may use; null: all.
    #[cfg_attr(feature = "schema", schema(value_type = Option<Vec<String>>))]
    pub models: Option<Arc<[ModelId]>>,
    /// The networks that it may be used from (`10.0.0.0/8`); null: any.
    pub addresses: Option<Vec<String>>,
    /// Whether its requests are refused if the model does not support a part of them, instead of dropping that part and
    /// reporting it in `x-baton-warning`.
    pub strict: bool,
    /// What its requests may cost in a period: `{amount, period}`; null: no budget of its own.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnBudget>))]
    pub budget: Option<OwnBudget>,
    /// How much its requests may take: any of `rpm` (requests a minute), `tpm` (tokens a minute) and `concurrency`.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Option::is_none"), schema(value_type = Option<OwnLimits>))]
    pub limits: Option<OwnLimits>,
    /// What the key before the last rotation hashes to. Never shown.
    #[cfg_attr(feature = "schema", serde(skip))]
    pub previous_hash: Option<String>,
    /// Until when the previous secret is accepted.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, read_only))]
    pub previous_until: Option<Timestamp>,
    /// When it was made.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub created_at: Timestamp,
    /// When it expires; null: never.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, read_only))]
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, approximately.
    #[cfg_attr(feature = "schema", schema(value_type = Option<String>, read_only))]
    pub last_used_at: Option<Timestamp>,
}

// === impl ApiKey ===

impl ApiKey {
    /// A key that never expires and may use all models, from anywhere. Whoever makes the secret sets id, prefix and hash.
    pub fn new(name: impl Into<String>, role: Role) -> Self {
        Self {
            id: KeyId::from(""),
            name: name.into(),
            prefix: String::new(),
            hash: String::new(),
            role,
            scope: None,
            project: None,
            projects: None,
            user: None,
            models: None,
            addresses: None,
            strict: false,
            budget: None,
            limits: None,
            previous_hash: None,
            previous_until: None,
            created_at: Timestamp(0),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        }
    }
}

#[cfg(feature = "schema")]
impl crate::schema::RegisteredSchema for ApiKey {
    fn keep_secrets(&mut self, before: &Self) {
        // A change goes through JSON, where the hashes never stand. Without this, renaming a key would make it
        // useless.
        self.hash.clone_from(&before.hash);
        self.previous_hash.clone_from(&before.previous_hash);
    }
}
