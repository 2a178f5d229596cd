//! An object as a list of fields.

use serde_json::Value;

/// Every field with its path: `price.input`, `attempts.0.model`. Lists of plain values stay together.
pub fn flatten(object: &Value) -> Vec<(String, Value)> {
    let mut fields = Vec::new();
    add(object, "", &mut fields);
    fields
}

fn add(value: &Value, path: &str, fields: &mut Vec<(String, Value)>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(name, value)| add(value, &below(name), fields));
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().enumerate().for_each(|(index, value)| add(value, &below(&index.to_string()), fields));
        }
        // An empty object stays as a field without a value: a script looks for the column all the same.
        Value::Object(_) => fields.push((path.to_owned(), Value::Null)),
        value => fields.push((path.to_owned(), value.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nested_fields_have_paths() {
        let object = json!({ "id": "a", "price": { "input": 1 }, "tags": ["x", "y"], "attempts": [{ "model": "m" }], "metadata": {} });
        let fields = [
            ("id".to_owned(), json!("a")),
            ("price.input".to_owned(), json!(1)),
            ("tags".to_owned(), json!(["x", "y"])),
            ("attempts.0.model".to_owned(), json!("m")),
            ("metadata".to_owned(), json!(null)),
        ];
        assert_eq!(flatten(&object), fields);
    }
}
