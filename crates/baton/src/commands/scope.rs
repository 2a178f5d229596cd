//! The scope of a budget or limit as arguments.

use clap::Args;
use serde_json::{Map, Value, json};

/// Which requests a policy is for.
#[derive(Args)]
pub struct ScopeArguments {
    /// Which requests it is for: project, key, user, model, provider, tag or run, and a value, or * for a counter for each.
    /// Several fields narrow it; a field that is repeated has several values
    #[arg(long, value_name = "FIELD=VALUE", value_parser = field)]
    scope: Vec<(String, String)>,
    /// It is for all requests
    #[arg(long, conflicts_with = "scope")]
    everything: bool,
}

impl ScopeArguments {
    /// As a field of a body, if something was given.
    pub fn value(self) -> Option<Value> {
        if self.scope.is_empty() {
            return self.everything.then(|| json!({}));
        }
        let mut scope: Map<String, Value> = Map::new();
        for (field, value) in self.scope {
            match scope.get_mut(&field) {
                None => _ = scope.insert(field, json!(value)),
                Some(Value::Array(values)) => values.push(json!(value)),
                Some(first) => *first = json!([first.take(), value]),
            }
        }
        Some(scope.into())
    }
}

fn field(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, value)) if !field.is_empty() && !value.is_empty() => Ok((field.to_owned(), value.to_owned())),
        _ => Err("must be FIELD=VALUE, such as project=search or user=*".to_owned()),
    }
}

/// Those of these fields that were given.
pub fn keep_fields<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Text as the value of a field.
pub fn text(text: Option<String>) -> Option<Value> {
    text.map(Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_are_repeated_have_several_values() {
        let scope = |given: &[&str]| {
            let scope = given.iter().filter_map(|text| field(text).ok()).collect();
            ScopeArguments { scope, everything: false }.value()
        };
        let given = ["project=search", "tag=a", "tag=b=c", "tag=d", "user=*"];
        assert_eq!(scope(&given), Some(json!({ "project": "search", "tag": ["a", "b=c", "d"], "user": "*" })));
        assert_eq!(scope(&[]), None);
        assert_eq!(ScopeArguments { scope: Vec::new(), everything: true }.value(), Some(json!({})));
        for wrong in ["project", "project=", "=search"] {
            assert!(field(wrong).is_err(), "{wrong}");
        }
    }
}
