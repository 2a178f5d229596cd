//! A JSON schema as OpenAI's models read it: a type of TypeScript, with descriptions as comments.
//!
//! OpenAI publishes no rule for tools. This one follows what Harmony, the format of its open models, documents, and was
//! checked on recorded requests: it gives the reported number for schemas of the usual kinds.

use serde_json::{Map, Value};

/// How deep a schema is followed.
const DEPTH: usize = 16;
/// How much longer than its schema a type may become, in bytes. References that name each other would grow without end.
const GROWTH: usize = 16;

/// Renders one schema.
pub(super) struct TypeScript<'s> {
    /// Where references lead.
    root: &'s Value,
    /// How many bytes may still be written.
    left: usize,
    /// Whether the rendering is one of those that recorded requests confirm.
    pub(super) certain: bool,
}

impl<'s> TypeScript<'s> {
    /// A renderer for a schema that has that many bytes.
    pub(super) fn new(root: &'s Value, length: usize) -> Self {
        Self { root, left: length.saturating_mul(GROWTH).saturating_add(1 << 10), certain: true }
    }

    /// The arguments of a function: `_: { city: string }`, or nothing.
    pub(super) fn arguments(&mut self) -> String {
        let root = self.root;
        if members(root).is_none_or(Map::is_empty) {
            return String::new();
        }
        // A description of the whole stands before the type.
        let title = comments(root).join("\n");
        let title = if title.is_empty() { title } else { format!("{title}\n") };
        format!("_: {title}{}", self.object(root, 0))
    }

    fn object(&mut self, schema: &'s Value, depth: usize) -> String {
        let (Some(members), true) = (members(schema), depth < DEPTH) else { return self.any("object") };
        let required: Vec<&str> = strings(schema.get("required")).collect();
        let members: Vec<_> = members.iter().map(|(name, member)| (name, self.resolve(member))).collect();
        let documented =
            members.iter().any(|(_, member)| !comments(member).is_empty() || member.get("default").is_some());
        let indent = "  ".repeat(depth);
        let mut lines = Vec::with_capacity(members.len());
        for (name, member) in members {
            if self.left == 0 {
                break;
            }
            let mark = if required.contains(&name.as_str()) { "" } else { "?" };
            let type_ = self.type_of(member, depth);
            let mut line = String::new();
            for comment in comments(member) {
                line.push_str(&format!("{indent}{comment}\n"));
            }
            let (start, end) = if documented { (indent.as_str(), ",") } else { ("", "") };
            line.push_str(&format!("{start}{name}{mark}: {type_}{end}{}", default(member)));
            self.spend(line.len());
            lines.push(line);
        }
        if documented {
            // Recorded requests don't settle how comments within comments are written.
            self.certain &= depth == 0;
            format!("{{\n{}\n{indent}}}", lines.join("\n"))
        } else {
            format!("{{ {} }}", lines.join(", "))
        }
    }

    fn type_of(&mut self, schema: &'s Value, depth: usize) -> String {
        self.certain &=
            schema.as_object().is_none_or(|members| members.keys().all(|key| KNOWN.contains(&key.as_str())));
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
        }
        if let Some(variants) = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)?.as_array()) {
            let variants = variants.iter().take(64).map(|variant| {
                let variant = self.resolve(variant);
                self.nested(variant, depth)
            });
            return variants.collect::<Vec<_>>().join(" | ");
        }
        match schema.get("type") {
            Some(Value::Array(types)) => strings_of(types).map(word).collect::<Vec<_>>().join(" | "),
            Some(Value::String(type_)) if type_ == "array" => match schema.get("items") {
                Some(items) => {
                    let items = self.resolve(items);
                    format!("{}[]", self.nested(items, depth))
                }
                None => "any[]".to_owned(),
            },
            Some(Value::String(type_)) if type_ == "object" => self.nested_object(schema, depth),
            Some(Value::String(type_)) => word(type_).to_owned(),
            _ if schema.get("properties").is_some() => self.nested_object(schema, depth),
            _ => self.any("any"),
        }
    }

    fn nested(&mut self, schema: &'s Value, depth: usize) -> String {
        if depth >= DEPTH || self.left == 0 {
            return self.any("any");
        }
        // Each step costs, or variants that lead to one another would be followed without end.
        self.spend(4);
        self.type_of(schema, depth + 1)
    }

    fn nested_object(&mut self, schema: &'s Value, depth: usize) -> String {
        match members(schema) {
            Some(members) if !members.is_empty() && self.left > 0 => self.object(schema, depth + 1),
            _ => self.any("object"),
        }
    }

    fn any(&mut self, word: &str) -> String {
        self.certain = false;
        word.to_owned()
    }

    fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }

    /// What a reference within the document leads to. Its own members beside `$ref` are passed over.
    fn resolve(&mut self, schema: &'s Value) -> &'s Value {
        let mut found = schema;
        // A reference may lead to a reference, and in a circle.
        for _ in 0..8 {
            let next = match (found.get("$ref").and_then(Value::as_str), found.get("allOf").and_then(Value::as_array)) {
                (Some(path), _) => path.strip_prefix('#').and_then(|path| self.root.pointer(path)),
                (None, Some(all)) if all.len() == 1 => all.first(),
                _ => return found,
            };
            self.certain = false;
            let Some(next) = next else { return found };
            found = next;
        }
        found
    }
}

/// Members of a schema whose rendering is known.
const KNOWN: [&str; 9] =
    ["type", "description", "title", "enum", "items", "properties", "required", "additionalProperties", "default"];

fn members(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    strings_of(value.and_then(Value::as_array).map_or(&[], Vec::as_slice))
}

fn strings_of(values: &[Value]) -> impl Iterator<Item = &str> {
    values.iter().filter_map(Value::as_str)
}

fn word(type_: &str) -> &str {
    match type_ {
        "integer" => "number",
        "string" | "number" | "boolean" | "null" | "object" => type_,
        "array" => "any[]",
        _ => "any",
    }
}

/// The lines of comments above a member: its title and its description, an empty line between.
fn comments(schema: &Value) -> Vec<String> {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let mut lines = Vec::new();
    if let Some(title) = text("title") {
        lines.push(format!("// {title}"));
        if text("description").is_some() {
            lines.push("//".to_owned());
        }
    }
    if let Some(description) = text("description") {
        lines.extend(comment(description));
    }
    lines
}

/// A text as comments, line by line.
pub(super) fn comment(text: &str) -> impl Iterator<Item = String> {
    text.trim().split('\n').map(|line| format!("// {}", line.trim()).trim_end().to_owned())
}

fn default(schema: &Value) -> String {
    match schema.get("default") {
        None => String::new(),
        // One of several words stands without quotes.
        Some(Value::String(text)) if schema.get("enum").is_some() => format!(" // default: {text}"),
        Some(value) => format!(" // default: {value}"),
    }
}
