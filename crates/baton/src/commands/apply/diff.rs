//! What of a registered thing is not as a file says.
//!
//! A field that the file leaves out is not compared: it stays as it is. Values are compared by what they mean: `"0.59"` and
//! 0.59, `60s` and `1m`, a time in two zones, `chat` and `CHAT` are the same, and so is null and a field that is not there.
//! Lists are compared in their order, but for those whose order means nothing ([`Kind::unordered`]).

use super::kinds::Kind;
use super::registered::{Origin, RegisteredThing};
use serde_json::{Map, Value};

/// A field that is to be changed, before and after, as they may be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// What is registered; null: nothing.
    pub before: Value,
    /// What the file says.
    pub after: Value,
}

/// The fields that differ, in the order of the file. With `resend`, secrets that the file gives count as different.
pub fn compare(
    kind: &Kind,
    fields: &Map<String, Value>,
    registered: &RegisteredThing,
    resend: bool,
) -> Vec<FieldChange> {
    let is_read_only = matches!(registered.origin, Origin::ReadOnly(_));
    let is_changed = |field: &str, after: &Value| match registered.fields.get(field) {
        // What the configuration file says of a provider's address and key is not shown, so that nothing can be said.
        None if is_read_only => false,
        _ if kind.only_new.contains(&field) => false,
        _ if resend && kind.hides(field) => true,
        before => !means_same(kind, field, before.unwrap_or(&Value::Null), after),
    };
    let changed = fields.iter().filter(|(field, after)| is_changed(field, after));
    let change = |(field, after): (&String, &Value)| FieldChange {
        field: field.clone(),
        before: registered.fields.get(field).cloned().unwrap_or_default(),
        after: kind.mask(field, after),
    };
    changed.map(change).collect()
}

/// Whether what is registered means the same as what a file says.
fn means_same(kind: &Kind, field: &str, before: &Value, after: &Value) -> bool {
    if kind.own_json.contains(&field) {
        return before == after;
    }
    if kind.hides(field) {
        let names = |value: &Value| match value {
            Value::Array(names) => {
                let mut names: Vec<String> = names.iter().map(Value::to_string).collect();
                names.sort();
                Value::from(names)
            }
            other => other.clone(),
        };
        return same(&names(before), &names(&kind.mask(field, after)));
    }
    same(&kind.normalize(field, before), &kind.normalize(field, after))
}

/// Whether two values are the same but for how numbers and times are written.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys());
            let of = |members: &Map<String, Value>, name: &str| members.get(name).cloned().unwrap_or_default();
            names.into_iter().all(|name| same(&of(a, name), &of(b, name)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i128(), b.as_i128()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::String(text), Value::Number(number)) | (Value::Number(number), Value::String(text)) => {
            text.parse::<f64>().is_ok_and(|value| Some(value) == number.as_f64())
        }
        (Value::String(a), Value::String(b)) => a == b || is_same_time(a, b),
        _ => a == b,
    }
}

fn is_same_time(a: &str, b: &str) -> bool {
    let read = baton_model::schema::time::read;
    matches!((read(a), read(b)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::commands::apply::kinds::lookup;
    use crate::commands::apply::registered::thing;
    use serde_json::json;

    fn fields_that_differ(kind: &str, registered: Value, file: Value) -> Vec<String> {
        let kind = lookup(kind).unwrap();
        let registered = thing(kind, registered).unwrap();
        let changes = compare(kind, file.as_object().unwrap(), &registered, false);
        changes.into_iter().map(|change| change.field).collect()
    }

    #[test]
    fn what_means_the_same_is_no_change() {
        for (kind, registered, file) in [
            ("models", json!({ "price": { "input": 0.59 } }), json!({ "price": { "input": "0.590" } })),
            (
                "models",
                json!({ "capabilities": ["CHAT", "EMBEDDING"] }),
                json!({ "capabilities": ["embedding", "chat"] }),
            ),
            (
                "models",
                json!({ "status": "ACTIVE", "provider": "groq" }),
                json!({ "status": "active", "provider": "GROQ" }),
            ),
            ("models", json!({ "max_tokens": null }), json!({ "max_tokens": null })),
            ("models", json!({}), json!({ "max_tokens": null })),
            ("models", json!({ "quirks": {} }), json!({ "quirks": { "refuses": [] } })),
            ("models", json!({ "quirks": { "refuses": ["a", "b"] } }), json!({ "quirks": { "refuses": ["b", "a"] } })),
            ("keys", json!({ "expires_at": "2027-01-01T00:00:00.000000Z" }), json!({ "expires_at": "2027-01-01" })),
            (
                "keys",
                json!({ "expires_at": "2027-01-01T00:00:00.000000Z" }),
                json!({ "expires_at": "2027-01-01T01:00:00+01:00" }),
            ),
            (
                "keys",
                json!({ "addresses": ["10.0.0.0/8", "1.2.3.4/32"] }),
                json!({ "addresses": ["1.2.3.4", "10.1.2.3/8"] }),
            ),
            ("keys", json!({}), json!({ "budget": null })),
            ("budgets", json!({ "scope": { "project": "a" } }), json!({ "scope": { "project": ["a"] } })),
            ("budgets", json!({ "scope": { "tag": ["a", "b"] } }), json!({ "scope": { "tag": ["b", "a"] } })),
            (
                "budgets",
                json!({ "amount": 500, "alerts": [0.5, 0.9] }),
                json!({ "amount": "500.00", "alerts": ["0.9", 0.5] }),
            ),
            ("limits", json!({ "requests": 60, "per": "minute" }), json!({ "requests": 60, "per": "minute" })),
            (
                "projects",
                json!({ "budget": { "amount": 50, "period": "day" } }),
                json!({ "budget": { "period": "day", "amount": 50.0 } }),
            ),
            ("projects", json!({ "limits": { "rpm": 1 } }), json!({ "limits": { "rpm": 1, "tpm": null } })),
            (
                "projects",
                json!({ "members": [{ "user_id": "a", "role": "viewer" }, { "user_id": "b", "role": "caller" }] }),
                json!({ "members": [{ "role": "caller", "user_id": "b" }, { "role": "VIEWER", "user_id": "a" }] }),
            ),
            (
                "users",
                json!({ "budget": { "amount": 50, "period": "day" } }),
                json!({ "budget": { "amount": "50", "period": "day" } }),
            ),
        ] {
            let id = lookup(kind).unwrap().id;
            let mut registered = registered;
            registered[id] = json!("x");
            assert_eq!(fields_that_differ(kind, registered.clone(), file.clone()), [""; 0], "{registered} {file}");
        }
    }

    #[test]
    fn what_means_something_else_is_a_change() {
        for (kind, registered, file) in [
            ("models", json!({ "fallbacks": ["a", "b"] }), json!({ "fallbacks": ["b", "a"] })),
            ("models", json!({ "metadata": { "a": 1 } }), json!({ "metadata": { "a": "1" } })),
            ("models", json!({ "metadata": { "a": 1 } }), json!({ "metadata": { "a": 1, "b": null } })),
            ("models", json!({ "price": { "input": 0.59 } }), json!({ "price": null })),
            ("models", json!({ "price": { "input": 0.59, "output": 1 } }), json!({ "price": { "input": 0.59 } })),
            ("models", json!({ "status": "ACTIVE" }), json!({ "status": "INACTIVE" })),
            ("keys", json!({ "models": ["a"] }), json!({ "models": null })),
            ("keys", json!({ "name": "1" }), json!({ "name": "1.0" })),
            ("budgets", json!({ "amount": 500 }), json!({ "amount": 500.01 })),
            ("projects", json!({ "unknown": 1 }), json!({ "unknown": 2 })),
        ] {
            let id = lookup(kind).unwrap().id;
            let mut registered = registered;
            registered[id] = json!("x");
            assert_eq!(fields_that_differ(kind, registered.clone(), file.clone()).len(), 1, "{registered} {file}");
        }
    }

    #[test]
    fn secrets_are_compared_by_what_is_shown() {
        let registration = json!({
            "kind": "openai", "base_url": null, "key_prefix": "sk-012", "headers": ["a", "b"], "query": ["v"],
            "timeouts": { "idle": "1m" },
        });
        let registered = json!({ "name": "p", "source": "api", "default_model": null, "registration": registration });
        let file = json!({
            "name": "p", "kind": "OpenAI", "api_key": "sk-0123456789abcdefghijklmnop", "headers": { "b": "x", "a": "y" },
            "query": "v=2", "timeouts": { "idle": "60s" },
        });
        assert_eq!(fields_that_differ("providers", registered.clone(), file.clone()), [""; 0]);
        let other = json!({ "api_key": "sk-9123456789abcdefghijklmnop", "headers": { "a": "y" }, "query": "w=2" });
        assert_eq!(fields_that_differ("providers", registered.clone(), other.clone()), ["api_key", "headers", "query"]);
        let kind = lookup("providers").unwrap();
        let registered = thing(kind, registered).unwrap();
        let resent = compare(kind, file.as_object().unwrap(), &registered, true);
        assert_eq!(resent.len(), 3);
        let printed = format!("{resent:?} {:?}", compare(kind, other.as_object().unwrap(), &registered, false));
        assert!(!printed.contains("3456789"), "{printed}");
    }

    #[test]
    fn of_what_is_read_only_what_is_not_shown_is_not_compared() {
        let registered = json!({ "name": "p", "source": "config", "kind": "openai", "default_model": "a" });
        let file = json!({ "name": "p", "kind": "groq", "base_url": "https://x", "default_model": "a" });
        assert_eq!(fields_that_differ("providers", registered.clone(), file), [""; 0]);
        assert_eq!(fields_that_differ("providers", registered, json!({ "default_model": "b" })), ["default_model"]);
    }
}
