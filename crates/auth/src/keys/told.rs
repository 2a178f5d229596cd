//! A key as events and the audit log tell of it: never the key, never a hash.

use baton_model::{ModelId, Timestamp};
use baton_store::ApiKey;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

/// As a JSON object, in the words of the API.
pub(super) fn told(key: &ApiKey) -> String {
    json!({
        "id": key.id.as_str(),
        "name": key.name,
        "prefix": key.prefix,
        "role": key.role.name(),
        "project_id": key.project.as_deref(),
        "user_id": key.user.as_deref(),
        "models": key.models.as_ref().map(|models| models.iter().map(ModelId::as_str).collect::<Vec<_>>()),
        "addresses": key.addresses,
        "strict": key.strict,
        "created_at": time(key.created_at),
        "expires_at": key.expires_at.map(time),
        "revoked_at": key.revoked_at.map(time),
        "previous_until": key.previous_until.map(time),
    })
    .to_string()
}

fn time(time: Timestamp) -> String {
    let time = DateTime::from_timestamp_micros(time.0).unwrap_or(DateTime::<Utc>::MAX_UTC);
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}
