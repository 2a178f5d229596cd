//! Fields that making and changing a key share.

use crate::policies::own;
use crate::wire::changes::{FieldChanges, Ruled};
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::phrases::brief;
use crate::wire::schema::{body, settable_fields};
use crate::wire::time;
use baton_model::entity::Role;
use baton_model::{ApiKey, Scope, Timestamp};
use ipnet::IpNet;
use std::net::IpAddr;

/// What stays as it was made: make another key for others.
pub const FIXED: [&str; 3] = ["role", "project_id", "user_id"];

body!(KeyBody as "KeyBody" of ApiKey: "A new key; by default with the role `caller` and access to all models",
    settable_fields::<ApiKey>(&[], &["name"]));
body!(KeyChange as "KeyChange" of ApiKey: "The fields of a key that can be changed; absent fields stay unchanged",
    settable_fields::<ApiKey>(&FIXED, &[]));

/// Reads the fields of a key, but for the `fixed` ones. What its scope may be depends on the key: [`check_scope`].
pub fn read(fields: &mut JsonFields, fixed: &[&str], now: Timestamp, faults: &mut Faults) -> FieldChanges<ApiKey> {
    let rule = |name: &str, fields: &mut JsonFields, faults: &mut Faults| match name {
        "models" => Ruled::read(models(fields, faults)),
        "projects" => Ruled::read(fields.ids("projects", "an array of projects, or null for none", faults)),
        "addresses" => Ruled::read(addresses(fields, faults)),
        "expires_at" => Ruled::read(expiry(fields, now, faults)),
        _ => Ruled::BySchema,
    };
    let changes = FieldChanges::read(fields, &ApiKey::new("", Role::Caller), fixed, faults, rule);
    own::check(&changes, faults);
    changes
}

/// The models a key may use; null for all.
fn models(fields: &mut JsonFields, faults: &mut Faults) -> Option<Option<Vec<String>>> {
    let names = fields.ids("models", "an array of model ids, or null for all", faults)?;
    if names.as_ref().is_some_and(Vec::is_empty) {
        faults.add("models", "must not be empty, because the key could use no model; leave it out for all models");
    }
    Some(names)
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

/// The networks a key may be used from; null for any.
fn addresses(fields: &mut JsonFields, faults: &mut Faults) -> Option<Option<Vec<String>>> {
    let Some(texts) = fields.ids("addresses", "an array of networks, or null for any", faults)? else {
        return Some(None);
    };
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
    Some(Some(networks))
}

/// From when on a key is refused; null for never.
fn expiry(fields: &mut JsonFields, now: Timestamp, faults: &mut Faults) -> Option<Option<Timestamp>> {
    let Some(text) = fields.take::<String>("expires_at", time::EXPECTED, faults)? else { return Some(None) };
    let expiry = time::read(&text);
    match expiry {
        None => faults.add("expires_at", format!("must be {}, got `{}`", time::EXPECTED, brief(&text))),
        Some(expiry) if expiry <= now => faults.add("expires_at", "must be in the future"),
        Some(_) => {}
    }
    Some(expiry)
}

fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    // `10.1.2.3/8` admits all of `10.0.0.0/8`. It is kept and shown in the form in which it acts.
    Some(network.trunc())
}
