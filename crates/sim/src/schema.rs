//! The smallest value that fits a JSON schema.

use serde_json::{Map, Value, json};

/// How deep a schema is followed; recursive ones end here.
const DEPTH: usize = 16;

/// A value that fits. `word` is used for strings that may be anything.
pub(crate) fn instance(schema: &Value, word: &str) -> Value {
    fit_schema(schema, schema, word, DEPTH)
}

fn fit_schema(root: &Value, schema: &Value, word: &str, depth: usize) -> Value {
    // A schema may refer to itself, and the smallest instance would be endless.
    if depth == 0 {
        return Value::Null;
    }
    if let Some(target) = schema["$ref"].as_str().and_then(|path| root.pointer(path.trim_start_matches('#'))) {
        return fit_schema(root, target, word, depth - 1);
    }
    let first = |name: &str| schema[name].as_array().and_then(|values| values.first());
    if let Some(value) = schema.get("const").or_else(|| first("enum")) {
        return value.clone();
    }
    if let Some(variant) = first("anyOf").or_else(|| first("oneOf")).or_else(|| first("allOf")) {
        return fit_schema(root, variant, word, depth - 1);
    }
    let kind = schema["type"].as_str().or_else(|| first("type").and_then(Value::as_str));
    match kind {
        Some("object") | None => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let fields = properties.map(|(name, schema)| (name.clone(), fit_schema(root, schema, word, depth - 1)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Some("array") => {
            // A hundred at most: a schema may demand any number.
            let n = schema["minItems"].as_u64().unwrap_or(1).clamp(1, 100);
            (0..n).map(|_| fit_schema(root, &schema["items"], word, depth - 1)).collect()
        }
        Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(1)),
        Some("number") => json!(schema["minimum"].as_f64().unwrap_or(1.5)),
        Some("boolean") => json!(true),
        Some("null") => Value::Null,
        Some(_) => json!(word),
    }
}

/// Where a schema holds a keyword of these, wherever that is a keyword.
pub(crate) fn find_keyword(schema: &Value, refused: &[&str]) -> Option<String> {
    let members = schema.as_object()?;
    members.iter().find_map(|(name, value)| {
        if refused.contains(&name.as_str()) {
            return Some(name.clone());
        }
        match name.as_str() {
            "properties" | "$defs" | "definitions" => {
                value.as_object()?.values().find_map(|schema| find_keyword(schema, refused))
            }
            "items" | "additionalProperties" => find_keyword(value, refused),
            "anyOf" | "allOf" | "oneOf" | "prefixItems" => {
                value.as_array()?.iter().find_map(|schema| find_keyword(schema, refused))
            }
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": { "type": "string" },
                "unit": { "enum": ["C", "F"] },
                "days": { "type": "array", "items": { "$ref": "#/$defs/day" }, "minItems": 2 },
                "note": { "type": ["string", "null"] },
            },
            "$defs": { "day": { "type": "integer", "minimum": 3 } },
        });
        assert_eq!(instance(&schema, "x"), json!({ "city": "x", "unit": "C", "days": [3, 3], "note": "x" }));
    }
}
