//! A key as the API shows it: never the key itself, never its hash.

use crate::wire::time;
use baton_model::{KeyId, ModelId};
use baton_store::ApiKey;
use serde::Serialize;
use utoipa::ToSchema;

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyView {
    /// Its id.
    #[schema(example = "key_5f0c9a4e1b2d3c4f5a6b7c8d")]
    id: String,
    /// A name for people.
    #[schema(example = "team-a")]
    name: String,
    /// The key's first characters, to tell keys apart.
    #[schema(example = "bt-x7Kq2m")]
    prefix: String,
    /// `admin`, `operator`, `viewer` or `caller`.
    #[schema(example = "caller")]
    role: &'static str,
    /// The project that its requests are booked on.
    project_id: Option<String>,
    /// The user that its requests are booked on.
    user_id: Option<String>,
    /// The models it may use; null: all.
    models: Option<Vec<String>>,
    /// The networks it may be used from; null: any.
    addresses: Option<Vec<String>>,
    /// Whether its requests are refused where something in them can't be said to the model.
    strict: bool,
    /// Until when the key before the last rotation is accepted too.
    previous_until: Option<String>,
    /// When it was made.
    created_at: String,
    /// From when on it is refused; null: never.
    expires_at: Option<String>,
    /// When it was revoked.
    revoked_at: Option<String>,
    /// When it was last used, about.
    last_used_at: Option<String>,
}

/// A key just made: the only time that it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewKeyView {
    /// The key itself, shown this once.
    #[schema(example = "bt-x7Kq2m…")]
    pub key: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub kept: KeyView,
}

impl From<&ApiKey> for KeyView {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            prefix: key.prefix.clone(),
            role: key.role.name(),
            project_id: key.project.as_deref().map(str::to_owned),
            user_id: key.user.as_deref().map(str::to_owned),
            models: key.models.as_ref().map(|models| models.iter().map(ModelId::to_string).collect()),
            addresses: key.addresses.clone(),
            strict: key.strict,
            previous_until: key.previous_until.map(time::write),
            created_at: time::write(key.created_at),
            expires_at: key.expires_at.map(time::write),
            revoked_at: key.revoked_at.map(time::write),
            last_used_at: key.last_used_at.map(time::write),
        }
    }
}

/// The address of a key.
pub fn location(id: &KeyId) -> String {
    format!("/api/keys/{id}")
}
