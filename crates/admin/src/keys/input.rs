//! Fields that making and changing a key share.

use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::phrases::brief;
use crate::wire::schema::settable_fields;
use crate::wire::time;
use baton_model::entity::Role;
use baton_model::{ApiKey, ModelId, Scope, Timestamp};
use ipnet::IpNet;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// What stays as it was made: make another key for others.
pub const FIXED: [&str; 3] = ["role", "project_id", "user_id"];

/// What a new key shall be, for the description.
pub struct KeyBody;

/// What can be changed of a key, for the description.
pub struct KeyChange;

impl PartialSchema for KeyBody {
    fn schema() -> RefOr<Schema> {
        let mut body = settable_fields::<ApiKey>(&[], &["name"]);
        body.description = Some("A new key; by default with the role `caller` and access to all models".into());
        body.into()
    }
}

impl PartialSchema for KeyChange {
    fn schema() -> RefOr<Schema> {
        let mut body = settable_fields::<ApiKey>(&FIXED, &[]);
        body.description = Some("The fields of a key that can be changed; absent fields stay unchanged".into());
        body.into()
    }
}

impl ToSchema for KeyBody {
    fn name() -> Cow<'static, str> {
        "KeyBody".into()
    }
}

impl ToSchema for KeyChange {
    fn name() -> Cow<'static, str> {
        "KeyChange".into()
    }
}

/// The models a key may use; `None` for all.
pub fn models(fields: &mut JsonFields, faults: &mut Faults) -> Option<Arc<[ModelId]>> {
    let names = fields.ids("models", "an array of model ids, or null for all", faults)??;
    if names.is_empty() {
        faults.add("models", "must not be empty, because the key could use no model; leave it out for all models");
    }
    Some(names.iter().map(ModelId::from).collect())
}

/// Further projects that its requests may name; `None` for none.
pub fn projects(fields: &mut JsonFields, faults: &mut Faults) -> Option<Arc<[Arc<str>]>> {
    let names = fields.ids("projects", "an array of projects, or null for none", faults)??;
    Some(names.iter().map(|name| Arc::from(name.as_str())).collect())
}

/// How much the key sees, by its role: a scope that its role or project does not have is noted.
pub fn check_scope(key: &ApiKey, faults: &mut Faults) {
    match (key.scope, key.role, &key.project) {
        (Some(Scope::Project), Role::Admin, _) => {
            faults.add("scope", "must be left out for an admin, who sees everything")
        }
        (Some(Scope::Project), _, None) => faults.add("scope", "requires a `project_id`, whose records the key sees"),
        _ => {}
    }
}

/// The networks a key may be used from; `None` for any.
pub fn addresses(fields: &mut JsonFields, faults: &mut Faults) -> Option<Vec<String>> {
    let texts = fields.ids("addresses", "an array of networks, or null for any", faults)??;
    if texts.is_empty() {
        faults
            .add("addresses", "must not be empty, because the key could be used from no network; leave it out for any");
    }
    let mut networks = Vec::new();
    for text in &texts {
        match network(text) {
            Some(network) => networks.push(network.to_string()),
            None => faults.add(
                "addresses",
                format!("must be a network such as 10.0.0.0/8, or an address, got `{}`", brief(text)),
            ),
        }
    }
    Some(networks)
}

/// From when on a key is refused; `None` for never.
pub fn expiry(fields: &mut JsonFields, now: Timestamp, faults: &mut Faults) -> Option<Timestamp> {
    let text: String = fields.take("expires_at", time::EXPECTED, faults)??;
    let expiry = time::read(&text);
    match expiry {
        None => faults.add("expires_at", format!("must be {}, got `{}`", time::EXPECTED, brief(&text))),
        Some(expiry) if expiry <= now => faults.add("expires_at", "must be in the future"),
        Some(_) => {}
    }
    expiry
}

fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    Some(network.trunc())
}
