//! What a file may hold: the kinds of things, where the API has them, and how an entry of a file finds its own.
//!
//! Fields are plain JSON, and which there are is said by the server's own description of its API: a new field of a thing
//! needs no line here. To add a kind: an entry in [`ALL`], in its place, because the order is the one in which things are
//! made.

use crate::client::ExpectedField;
use baton_control::providers::{ProviderSecrets, StoredProviderSettings};
use baton_model::chat::Json;
use baton_model::entity::{Budget, PriceOverride, RateLimit, Role};
use baton_model::schema::{RegisteredSchema, field_names, merge_fields};
use baton_model::{ApiKey, Model, Nanos, Project, User, Webhook};
use ipnet::IpNet;
use serde_json::{Map, Value, json};
use std::net::IpAddr;

/// A kind of things.
pub struct Kind {
    /// Its name in a file, and its last word in the API's path.
    pub name: &'static str,
    /// One of them, in sentences.
    pub noun: &'static str,
    /// Where the API has them.
    pub path: &'static str,
    /// The field that the path of one names.
    pub id: &'static str,
    /// The fields by which an entry finds what is registered: its id, or what stands for one.
    pub matched_by: &'static [&'static str],
    /// What a list has to be asked for.
    pub query: &'static [(&'static str, &'static str)],
    /// How one is made.
    pub creation: Creation,
    /// What a list shows of one.
    pub listing: Listing,
    /// What the reply to a creation must have.
    pub reply: &'static [ExpectedField],
    /// The field of the reply to a creation that is shown once.
    pub secret: Option<&'static str>,
    /// Fields that say something at a creation only.
    pub only_new: &'static [&'static str],
    /// Lists whose order means nothing. `fallbacks`, for one, is none of them.
    pub unordered: &'static [&'static str],
    /// JSON of the operator's own, in which `"1"` is not 1.
    pub own_json: &'static [&'static str],
    /// Fields that name other things.
    pub references: &'static [Reference],
    /// What a removal has to say.
    pub removal: &'static [(&'static str, &'static str)],
    /// Says the fields of an entry that no reply shows in those that replies show.
    pub rewrite: fn(&mut Map<String, Value>),
    /// A value as the server would write it, where this program knows.
    normal: fn(&str, &Value) -> Option<Value>,
}

/// How one of a kind is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Creation {
    /// `POST` to the path of the kind.
    Post,
    /// `PUT` to a path of its own, which its id names.
    Put,
}

/// What a list shows of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// All that a body says.
    Full,
    /// A view of it: each has to be got by its id.
    Brief,
    /// The fields of a provider are in `registration`, and its secrets are shown by their beginnings and names.
    Providers,
}

/// A field that names things of a kind.
pub struct Reference {
    /// The field: a name or a list of names.
    pub field: &'static str,
    /// The kind of what it names.
    pub kind: &'static str,
    /// Whether the API refuses a name of nothing.
    pub required: bool,
}

const fn refers(field: &'static str, kind: &'static str, required: bool) -> Reference {
    Reference { field, kind, required }
}

/// One whose list shows everything, which is made by `POST` and is found by its id.
const USUAL: Kind = Kind {
    name: "",
    noun: "",
    path: "",
    id: "id",
    matched_by: &["id"],
    query: &[],
    creation: Creation::Post,
    listing: Listing::Full,
    reply: &[ExpectedField::Text("/id")],
    secret: None,
    only_new: &[],
    unordered: &[],
    own_json: &["metadata"],
    references: &[],
    removal: &[],
    rewrite: |_| {},
    normal: |_, _| None,
};

/// All of them, in the order in which they are made; they are removed in the reverse order.
pub static ALL: [Kind; 9] = [
    Kind {
        name: "providers",
        noun: "provider",
        path: "/api/providers",
        id: "name",
        matched_by: &["name"],
        reply: &[ExpectedField::Text("/name")],
        listing: Listing::Providers,
        normal: provider_field,
        ..USUAL
    },
    Kind {
        name: "models",
        noun: "model",
        path: "/api/models",
        id: "model_id",
        matched_by: &["model_id"],
        reply: &[ExpectedField::Text("/model_id")],
        // Without what the catalogue fills in: a price of the catalogue would else be taken for one of the operator's.
        query: &[("registered", "true")],
        unordered: &["capabilities", "refuses", "accepts"],
        own_json: &["metadata", "configuration"],
        references: &[refers("provider", "providers", true), refers("fallbacks", "models", true)],
        // Those that fall back on each other go in any order; that nothing else falls back on them is checked before.
        removal: &[("force", "true")],
        rewrite: price_of_tokens,
        normal: |field, value| match field {
            "provider" => Some(value.as_str()?.to_lowercase().into()),
            _ => by_schema(&Model::new("", ""), field, value),
        },
        ..USUAL
    },
    Kind {
        name: "prices",
        noun: "price",
        path: "/api/prices",
        id: "price_id",
        matched_by: &["price_id"],
        reply: &[ExpectedField::Text("/price_id")],
        // The list has the whole catalogue, and of a price that was set only what is in force now.
        query: &[("origin", "override")],
        listing: Listing::Brief,
        references: &[refers("provider", "providers", false)],
        normal: |field, value| by_schema(&PriceOverride::new(""), field, value),
        ..USUAL
    },
    Kind {
        name: "projects",
        noun: "project",
        path: "/api/projects",
        unordered: &["members", "models", "providers", "addresses"],
        references: &[refers("models", "models", false), refers("providers", "providers", false)],
        normal: |field, value| by_schema(&Project::new(""), field, value),
        ..USUAL
    },
    Kind {
        name: "users",
        noun: "user",
        path: "/api/users",
        creation: Creation::Put,
        normal: |field, value| by_schema(&User::new(""), field, value),
        ..USUAL
    },
    Kind {
        name: "keys",
        noun: "key",
        path: "/api/keys",
        // The id is made by the server, so that no file can know it before.
        matched_by: &["project_id", "name"],
        reply: &[ExpectedField::Text("/id"), ExpectedField::Text("/key")],
        secret: Some("key"),
        unordered: &["models", "projects", "addresses"],
        references: &[
            refers("project_id", "projects", false),
            refers("projects", "projects", false),
            refers("models", "models", false),
        ],
        normal: |field, value| match field {
            "addresses" => networks(value),
            _ => by_schema(&ApiKey::new("", Role::Caller), field, value),
        },
        ..USUAL
    },
    Kind {
        name: "budgets",
        noun: "budget",
        path: "/api/budgets",
        id: "budget_id",
        matched_by: &["budget_id"],
        reply: &[ExpectedField::Text("/budget_id")],
        unordered: &["alerts"],
        normal: |field, value| by_schema(&Budget::new(""), field, value),
        ..USUAL
    },
    Kind {
        name: "limits",
        noun: "limit",
        path: "/api/limits",
        id: "limit_id",
        matched_by: &["limit_id"],
        reply: &[ExpectedField::Text("/limit_id")],
        normal: |field, value| by_schema(&RateLimit::new(""), field, value),
        ..USUAL
    },
    Kind {
        name: "webhooks",
        noun: "webhook",
        path: "/api/webhooks",
        // As of keys: the id is the server's.
        matched_by: &["url"],
        reply: &[ExpectedField::Text("/id"), ExpectedField::Text("/secret")],
        secret: Some("secret"),
        only_new: &["secret"],
        unordered: &["types"],
        normal: |field, value| by_schema(&Webhook::new("", ""), field, value),
        ..USUAL
    },
];

/// The kind of that name.
pub fn lookup(name: &str) -> Option<&'static Kind> {
    ALL.iter().find(|kind| kind.name == name)
}

// === impl Kind ===

impl Kind {
    /// The name of a thing, by the fields that it is found by: `fast`, `search/ci` for a key of a project.
    pub fn name_of(&self, fields: &Map<String, Value>) -> Option<String> {
        let parts: Vec<&str> = self.matched_by.iter().filter_map(|field| fields.get(*field)?.as_str()).collect();
        // The last is the one that everything has: a key need not be of a project.
        let last = self.matched_by.last().and_then(|field| fields.get(*field)?.as_str());
        last.filter(|name| !name.is_empty()).map(|_| parts.join("/"))
    }

    /// What tells a thing apart from others of its kind. Not its name, in which a key `b/c` of the project `a` and a key
    /// `c` of `a/b` are the same.
    pub fn identity(&self, fields: &Map<String, Value>) -> Vec<Option<String>> {
        self.matched_by.iter().map(|field| Some(fields.get(*field)?.as_str()?.to_owned())).collect()
    }

    /// Whether a field is shown by its beginning or its names only.
    pub fn hides(&self, field: &str) -> bool {
        self.only_new.contains(&field)
            || (self.listing == Listing::Providers && matches!(field, "api_key" | "headers" | "query"))
    }

    /// A value of a file as the server would show it: of secrets their beginnings and names. It is what is compared and
    /// printed.
    pub fn mask(&self, field: &str, value: &Value) -> Value {
        if self.only_new.contains(&field) {
            return json!("…");
        }
        if !self.hides(field) || value.is_null() {
            return value.clone();
        }
        let mut secrets = ProviderSecrets::default();
        match field {
            "api_key" => secrets.api_key = value.as_str().map(str::to_owned),
            "query" => secrets.query = value.as_str().filter(|query| !query.is_empty()).map(str::to_owned),
            _ => secrets.headers = serde_json::from_value(value.clone()).unwrap_or_default(),
        }
        let mut shown = StoredProviderSettings::default();
        shown.note_secrets(&secrets);
        match field {
            "api_key" => json!(shown.key_prefix),
            "query" => json!(shown.query_names),
            _ => json!(shown.header_names),
        }
    }

    /// A value in the form in which two that mean the same are equal.
    pub fn normalize(&self, field: &str, value: &Value) -> Value {
        let mut normal = (self.normal)(field, value).unwrap_or_else(|| value.clone());
        self.sort(field, &mut normal);
        normal
    }

    /// Puts lists whose order means nothing into one order.
    fn sort(&self, field: &str, value: &mut Value) {
        match value {
            Value::Array(items) if self.unordered.contains(&field) => {
                items.sort_by_cached_key(|item| {
                    // The order of an object's members means nothing either.
                    let mut item = item.clone();
                    item.sort_all_objects();
                    item.to_string()
                });
                items.dedup();
            }
            Value::Object(members) if !self.own_json.contains(&field) => {
                for (name, value) in members {
                    self.sort(name, value);
                }
            }
            _ => {}
        }
    }
}

/// The value of a field as the thing's own schema reads and writes it: words in capitals, decimals without needless zeros,
/// defaults left out. Nothing if the schema does not know the field or refuses the value: the server may be a newer one,
/// and it is the one to refuse.
fn by_schema<T: RegisteredSchema>(blank: &T, field: &str, value: &Value) -> Option<Value> {
    if !field_names::<T>().contains(&field) {
        return None;
    }
    let changed = merge_fields(blank, &[(field.to_owned(), Json(value.to_string()))]).ok()?;
    let mut fields = serde_json::to_value(&changed).ok()?;
    // A field that is not written says nothing, as null does.
    Some(fields.get_mut(field).map(Value::take).unwrap_or_default())
}

/// `cost_per_token` is another way to say a price, and is shown as one.
fn price_of_tokens(fields: &mut Map<String, Value>) {
    let Some(cost) = fields.get("cost_per_token").filter(|_| !fields.contains_key("price")) else { return };
    let text = cost.as_str().map_or_else(|| cost.to_string(), str::to_owned);
    // Six places are the step from one token to a million. What is no amount stays as it is, for the server to refuse.
    if let Some(rate) = Nanos::parse_scaled(&text, 6) {
        let rate = rate.to_string();
        fields.shift_remove("cost_per_token");
        fields.insert("price".to_owned(), json!({ "input": rate, "output": rate }));
    }
}

/// The fields of a provider, whose schema is the API's alone.
fn provider_field(field: &str, value: &Value) -> Option<Value> {
    match (field, value) {
        // `60s` and `1m` are the same.
        ("timeouts", Value::Object(timeouts)) => {
            let millis = |text: &Value| match humantime::parse_duration(text.as_str()?) {
                Ok(time) => Some(json!(time.as_millis().to_string())),
                Err(_) => None,
            };
            let times =
                timeouts.iter().map(|(name, text)| (name.clone(), millis(text).unwrap_or_else(|| text.clone())));
            Some(Value::Object(times.collect()))
        }
        ("kind", Value::String(kind)) => Some(kind.to_lowercase().into()),
        _ => None,
    }
}

/// Networks as they act: `10.1.2.3/8` admits all of `10.0.0.0/8`, and the server keeps it so.
fn networks(value: &Value) -> Option<Value> {
    let network = |text: &Value| {
        let text = text.as_str()?;
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
        Some(json!(network.trunc().to_string()))
    };
    Some(value.as_array()?.iter().map(|text| network(text).unwrap_or_else(|| text.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_made_after_what_they_name() {
        for (place, kind) in ALL.iter().enumerate() {
            assert_eq!(kind.path, format!("/api/{}", kind.name));
            for reference in kind.references {
                let named = ALL.iter().position(|other| other.name == reference.kind);
                assert!(named.is_some_and(|named| named <= place), "{} name {}", kind.name, reference.kind);
            }
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let provider = &ALL[0];
        let secret = "sk-0123456789abcdef";
        assert_eq!(provider.mask("api_key", &json!(secret)), json!("sk-0"));
        assert_eq!(provider.mask("headers", &json!({ "x-org": secret })), json!(["x-org"]));
        assert_eq!(provider.mask("query", &json!(format!("key={secret}&v=1"))), json!(["key", "v"]));
        assert_eq!(provider.mask("api_key", &Value::Null), Value::Null);
        assert_eq!(ALL[8].mask("secret", &json!(secret)), json!("…"));
    }
}
