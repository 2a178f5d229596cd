//! What is registered with the server, in the fields of the API's bodies.

use super::kinds::{Kind, Listing};
use crate::client::{ApiClient, ExpectedField, ExpectedReply, segment};
use serde_json::{Map, Value};

/// A thing that the server has.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisteredThing {
    /// Its id, as its path says it.
    pub id: String,
    /// Its name in sentences.
    pub name: String,
    /// What tells it apart from others of its kind.
    pub identity: Vec<Option<String>>,
    /// Its fields as a reply shows them; secrets by their beginnings and names.
    pub fields: Map<String, Value>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a thing comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Somebody registered it over the API.
    Api,
    /// A provider lists it. It is not the operator's until it is changed, and comes and goes by itself.
    Discovered,
    /// It can't be changed over the API; where it stands.
    ReadOnly(String),
}

/// Everything of a kind that is in force.
///
/// # Errors
/// If the server can't be reached or refuses.
pub async fn read(client: &ApiClient, kind: &Kind) -> anyhow::Result<Vec<RegisteredThing>> {
    let mut reply = client.all(kind.path, kind.query).await?;
    let items = reply.get_mut("items").map(Value::take);
    let Some(Value::Array(items)) = items else { return Ok(Vec::new()) };
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        let item = match kind.listing {
            Listing::Brief => {
                let id = item.get(kind.id).and_then(Value::as_str).unwrap_or_default();
                let path = format!("{}/{}", kind.path, segment(id));
                client.get(&path, &[], &ExpectedReply::ok(&[ExpectedField::Text("/created_at")])).await?
            }
            Listing::Full | Listing::Providers => item,
        };
        found.extend(thing(kind, item));
    }
    Ok(found)
}

/// An item of a list as a thing; nothing for one that is of no effect any more.
pub fn thing(kind: &Kind, item: Value) -> Option<RegisteredThing> {
    let Value::Object(mut fields) = item else { return None };
    // A revoked key is kept for the ledger alone.
    if fields.get("revoked_at").is_some_and(|time| !time.is_null()) {
        return None;
    }
    // A user that requests or projects name is listed too, without anything that was set for it.
    if fields.get("registered") == Some(&Value::Bool(false)) {
        return None;
    }
    let origin = origin(&fields);
    if kind.listing == Listing::Providers {
        fields = provider(fields);
    }
    let id = fields.get(kind.id)?.as_str()?.to_owned();
    let (name, identity) = (kind.name_of(&fields).unwrap_or_else(|| id.clone()), kind.identity(&fields));
    Some(RegisteredThing { id, name, identity, fields, origin })
}

fn origin(fields: &Map<String, Value>) -> Origin {
    let word = ["source", "origin"].iter().find_map(|field| fields.get(*field)?.as_str());
    match word {
        None | Some("api") => Origin::Api,
        Some("discovered") => Origin::Discovered,
        Some("config" | "file") => Origin::ReadOnly("the server's configuration file".to_owned()),
        Some(owner) => Origin::ReadOnly(format!("the fields `budget` and `limits` of its {owner}")),
    }
}

/// The fields of a provider as its body has them: those of its registration stand a level deeper in a reply.
fn provider(mut shown: Map<String, Value>) -> Map<String, Value> {
    let Some(Value::Object(registration)) = shown.remove("registration") else {
        // Of one in the configuration file the reply says the format of its API as its kind, which may be another word.
        shown.remove("kind");
        return shown;
    };
    let mut fields = Map::from_iter([("name".to_owned(), shown.remove("name").unwrap_or_default())]);
    fields.insert("api_key".to_owned(), registration.get("key_prefix").cloned().unwrap_or_default());
    fields.insert("default_model".to_owned(), shown.remove("default_model").unwrap_or_default());
    fields.extend(registration.into_iter().filter(|(field, _)| field != "name" && field != "default_model"));
    fields
}
