//! JSON of requests and replies in the one form in which it is compared: what the formats understand alike reads alike.

use crate::json::Node;
use baton_model::chat::Json;

/// JSON without the white space around its members; numbers and order as they were written.
pub(super) fn plain_json(json: &Json) -> String {
    match serde_json::from_str::<Box<serde_json::value::RawValue>>(&json.0) {
        Ok(_) => compact(&json.0),
        Err(_) => json.0.clone(),
    }
}

/// The text without white space outside of strings.
fn compact(json: &str) -> String {
    let (mut out, mut inside, mut escaped) = (String::with_capacity(json.len()), false, false);
    for c in json.chars() {
        if inside || !c.is_ascii_whitespace() {
            out.push(c);
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ => {}
        }
    }
    out
}

/// A schema of a reply as the formats understand it: whether an object with properties may have others is not counted,
/// as Anthropic takes closed ones alone, and what fits those fits the open ones too.
pub(super) fn reply_schema(schema: &Json) -> String {
    let Ok(mut value) = serde_json::from_str(&schema.0) else { return plain_json(schema) };
    forget_openness(&mut value);
    value.to_string()
}

fn forget_openness(value: &mut serde_json::Value) {
    if let Some(object) = value.as_object_mut()
        && object.contains_key("properties")
        && object.get("additionalProperties").is_some_and(serde_json::Value::is_boolean)
    {
        object.shift_remove("additionalProperties");
    }
    match value {
        serde_json::Value::Object(members) => members.values_mut().for_each(forget_openness),
        serde_json::Value::Array(items) => items.iter_mut().for_each(forget_openness),
        _ => {}
    }
}

/// A schema as the formats understand it: that it describes an object goes without saying, and none is an empty one.
pub(super) fn schema(schema: &Json) -> Option<String> {
    let mut value: serde_json::Value = serde_json::from_str(&schema.0).ok()?;
    let members = value.as_object_mut()?;
    if members.get("type").is_some_and(|type_| type_ == "object") {
        members.shift_remove("type");
    }
    if members.get("properties").is_some_and(|properties| properties.as_object().is_some_and(serde_json::Map::is_empty))
    {
        members.shift_remove("properties");
    }
    (!members.is_empty()).then(|| value.to_string())
}

/// The arguments of a call: none, or `null`, are an empty object.
pub(super) fn arguments_of(text: &str) -> String {
    let trimmed = text.trim();
    match Node::parse(trimmed.as_bytes()) {
        _ if matches!(trimmed, "" | "null") => "{}".to_owned(),
        Ok(_) => compact(trimmed),
        Err(_) => text.to_owned(),
    }
}
