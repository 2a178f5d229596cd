//! Tools and the schema of the reply, as OpenAI's models read them: as text after the instructions.

use super::schema::{TypeScript, comment};
use baton_model::Dialect;
use baton_model::chat::{ChatRequest, Schema, Tool};
use serde_json::Value;

/// A text that is added to a prompt.
pub(super) struct Added {
    pub(super) text: String,
    /// Whether it is one of those that recorded requests confirm.
    pub(super) certain: bool,
}

/// What the functions of a request become; `None` without functions. Tools that the service runs itself have no form
/// that is known: they are in [`other`].
pub(super) fn functions(request: &ChatRequest) -> Option<Added> {
    let mut all = Added { text: "# Tools\n\n## functions\n\nnamespace functions {\n\n".to_owned(), certain: true };
    let mut count = 0_usize;
    for tool in &request.tools {
        if let Tool::Function { name, description, parameters, .. } = tool {
            all.add(name, description.as_deref().unwrap_or_default(), parameters.as_ref().map(|json| json.0.as_str()));
            count += 1;
        }
    }
    for function in legacy(request) {
        let text = |key: &str| function.get(key).and_then(Value::as_str).unwrap_or_default();
        let parameters = function.get("parameters").map(Value::to_string);
        all.add(text("name"), text("description"), parameters.as_deref());
        count += 1;
    }
    all.text.push_str("} // namespace functions");
    (count > 0).then_some(all)
}

/// `functions`, which stood before there were tools.
fn legacy(request: &ChatRequest) -> Vec<Value> {
    let field = request.extensions.iter().find(|field| field.dialect == Dialect::OpenAi && field.path == "functions");
    field.and_then(|field| serde_json::from_str(&field.value.0).ok()).unwrap_or_default()
}

/// The JSON of the tools that the service runs.
pub(super) fn other(request: &ChatRequest) -> impl Iterator<Item = &str> {
    request.tools.iter().filter_map(|tool| match tool {
        Tool::Other { json, .. } => Some(json.0.as_str()),
        Tool::Function { .. } => None,
    })
}

impl Added {
    fn add(&mut self, name: &str, description: &str, parameters: Option<&str>) {
        if !description.trim().is_empty() {
            for line in comment(description) {
                self.text.push_str(&line);
                self.text.push('\n');
            }
        }
        let json = parameters.unwrap_or("{}");
        let arguments = match serde_json::from_str::<Value>(json) {
            Ok(schema) => {
                let mut writer = TypeScript::new(&schema, json.len());
                let arguments = writer.arguments();
                self.certain &= writer.certain;
                arguments
            }
            // Too deep to be read: about as long as the type would be.
            Err(_) => {
                self.certain = false;
                json.to_owned()
            }
        };
        self.text.push_str(&format!("type {name} = ({arguments}) => any;\n\n"));
    }
}

/// What a schema of the reply becomes: its JSON under a heading, without the members that say only how it is enforced.
pub(super) fn format(schema: &Schema) -> String {
    let mut text = format!("# Response Formats\n\n## {}\n\n", schema.name.as_deref().unwrap_or("response"));
    if let Some(description) = schema.description.as_deref().filter(|text| !text.trim().is_empty()) {
        text.push_str(&format!("// {description}\n"));
    }
    match serde_json::from_str::<Value>(&schema.schema.0) {
        Ok(mut value) => {
            strip(&mut value, false);
            text.push_str(&value.to_string());
        }
        Err(_) => text.push_str(&schema.schema.0),
    }
    text
}

/// Takes out what the model is not told. `names` are members of the data, which may be called the same.
fn strip(value: &mut Value, names: bool) {
    const UNSAID: [&str; 15] = [
        "required",
        "additionalProperties",
        "$schema",
        "format",
        "default",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
    ];
    match value {
        // The parser bounds the depth.
        Value::Object(members) => {
            if !names {
                members.retain(|key, _| !UNSAID.contains(&key.as_str()));
            }
            for (key, member) in members {
                strip(member, !names && ["properties", "$defs", "definitions"].contains(&key.as_str()));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, false)),
        _ => {}
    }
}
