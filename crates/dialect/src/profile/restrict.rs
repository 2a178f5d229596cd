//! A schema made to fit what a vendor takes of JSON schema.

use super::subset::SchemaRules;
use crate::json::{Node, quoted};
use std::borrow::Cow;
use std::collections::HashMap;

/// A schema that fits, as far as it can.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Restricted {
    /// The schema; `None` if it may go as it is.
    pub(super) text: Option<String>,
    /// Where in it something was left out or changed, the first places of all.
    pub(super) changed: Vec<String>,
    /// How many places that were.
    pub(super) changes: usize,
    /// What it says that can't be said in the subset at all.
    pub(super) unsupported: Option<String>,
}

/// How many places are named: a schema may hold thousands, and each warning is a header.
const NAMED: usize = 3;
/// What says nothing of the values, so that nobody misses it.
const SILENT: [&str; 4] = ["$schema", "$id", "$comment", "$anchor"];

/// Makes a schema fit. Everything that fits the original fits the result too, but where `unsupported` is told.
pub(super) fn restrict(schema: &Node<'_>, rules: &SchemaRules) -> Restricted {
    let mut walk = SchemaWalk { rules, properties: 0, found: Restricted::default() };
    if !rules.recursion && refers_to_itself(schema) {
        walk.refuse("a schema that refers to itself".to_owned());
    }
    let text = walk.schema(schema, "", 0);
    Restricted { text, ..walk.found }
}

struct SchemaWalk<'r> {
    rules: &'r SchemaRules,
    properties: usize,
    found: Restricted,
}

impl SchemaWalk<'_> {
    /// The schema at a path, if anything in it has to change.
    fn schema(&mut self, schema: &Node<'_>, path: &str, depth: usize) -> Option<String> {
        let members = schema.members().ok()?;
        if depth > self.rules.depth {
            self.refuse(format!("{path}: more than {} levels", self.rules.depth));
            return None;
        }
        let closes = self.check_object(schema, path);
        let (mut changed, mut written) = (closes, Vec::with_capacity(members.len()));
        for (name, value) in members {
            let at = join(path, name);
            let (new_name, takes) = self.keyword(schema, name, value, &at);
            if !takes {
                changed = true;
                continue;
            }
            let new = match name.as_ref() {
                "additionalProperties" if closes => continue,
                "properties" | "$defs" | "definitions" => self.each(value, &at, depth),
                "items" | "not" | "additionalProperties" => self.schema(value, &at, depth + 1),
                "anyOf" | "allOf" | "oneOf" | "prefixItems" => self.all(value, &at, depth),
                _ => None,
            };
            changed |= new.is_some() || new_name != name.as_ref();
            written.push(format!("{}:{}", quoted(new_name), new.as_deref().unwrap_or(value.text())));
        }
        if closes {
            written.push("\"additionalProperties\":false".to_owned());
        }
        changed.then(|| format!("{{{}}}", written.join(",")))
    }

    /// The name under which a member goes, and whether it goes at all.
    fn keyword<'n>(&mut self, schema: &Node<'_>, name: &'n str, value: &Node<'_>, at: &str) -> (&'n str, bool) {
        let name = match name {
            // Vendors know one word for alternatives. Where both stand, the narrower is left out.
            "oneOf" if schema.get("anyOf").is_none() => "anyOf",
            name => name,
        };
        let takes = match name {
            "oneOf" => false,
            "format" => {
                let known = |format: &str| self.rules.formats.is_none_or(|all| all.contains(&format));
                self.rules.takes(name) && value.as_str().is_none_or(|format| known(&format))
            }
            "minItems" => self.rules.min_items.is_none_or(|most| value.count() <= most),
            _ => self.rules.takes(name),
        };
        if !takes && !SILENT.contains(&name) {
            self.note(at);
        }
        (name, takes)
    }

    /// Whether an object has to be closed. Finds what an object says that can't be said.
    fn check_object(&mut self, schema: &Node<'_>, path: &str) -> bool {
        let named = schema.get("properties").and_then(|all| all.members().ok()).unwrap_or_default();
        let more = schema.get("additionalProperties");
        let is_object = schema.get("type").and_then(Node::as_str).as_deref() == Some("object");
        // One without properties could hold nothing if it were closed; one with a schema for all others is a map.
        let is_map = more.is_some_and(Node::is_object)
            || (is_object && schema.get("properties").is_none() && more.is_none_or(|more| more.bool().unwrap_or(true)));
        if is_map && !self.rules.maps {
            self.refuse(format!("{path}: an object whose keys are not named"));
        }
        if self.rules.all_required {
            let required = schema.get("required").and_then(|list| list.items().ok()).unwrap_or_default();
            let is_required = |name: &str| required.iter().any(|known| known.as_str().as_deref() == Some(name));
            if let Some((name, _)) = named.iter().find(|(name, _)| !is_required(name)) {
                self.refuse(format!("{}: a property that may be missing", join(&join(path, "properties"), name)));
            }
        }
        self.properties += named.len();
        if self.properties > self.rules.properties {
            self.refuse(format!("more than {} properties", self.rules.properties));
        }
        let closed = more.is_some_and(|more| more.bool().is_ok_and(|more| !more));
        self.rules.closed && !is_map && !closed && schema.get("properties").is_some()
    }

    /// An object whose values are schemas.
    fn each(&mut self, schemas: &Node<'_>, path: &str, depth: usize) -> Option<String> {
        let members = schemas.members().ok()?;
        let new: Vec<_> =
            members.iter().map(|(name, schema)| self.schema(schema, &join(path, name), depth + 1)).collect();
        let pair = |((name, schema), new): (&(Cow<'_, str>, Node<'_>), &Option<String>)| {
            format!("{}:{}", quoted(name), new.as_deref().unwrap_or(schema.text()))
        };
        let written: Vec<_> = members.iter().zip(&new).map(pair).collect();
        new.iter().any(Option::is_some).then(|| format!("{{{}}}", written.join(",")))
    }

    /// An array of schemas.
    fn all(&mut self, schemas: &Node<'_>, path: &str, depth: usize) -> Option<String> {
        let items = schemas.items().ok()?;
        let at = |place: usize| format!("{path}[{place}]");
        // Alternatives stand at the level of what they are alternatives of.
        let new: Vec<_> = items.iter().enumerate().map(|(place, item)| self.schema(item, &at(place), depth)).collect();
        let written: Vec<_> =
            items.iter().zip(&new).map(|(schema, new)| new.as_deref().unwrap_or(schema.text())).collect();
        new.iter().any(Option::is_some).then(|| format!("[{}]", written.join(",")))
    }

    fn note(&mut self, at: &str) {
        self.found.changes += 1;
        if self.found.changed.len() < NAMED {
            self.found.changed.push(at.to_owned());
        }
    }

    fn refuse(&mut self, what: String) {
        self.found.unsupported.get_or_insert(what);
    }
}

/// Whether following the references of a schema leads into a circle.
fn refers_to_itself(root: &Node<'_>) -> bool {
    /// More are taken for a circle, so that the time does not grow with their square.
    const REFERENCES: usize = 1000;
    let (mut todo, mut leads) = (Vec::new(), HashMap::new());
    references(root, &mut todo);
    while let Some(name) = todo.pop() {
        if leads.contains_key(&name) {
            continue;
        }
        if leads.len() == REFERENCES {
            return true;
        }
        let mut inner = Vec::new();
        definition(root, &name).into_iter().for_each(|target| references(target, &mut inner));
        todo.extend(inner.iter().cloned());
        leads.insert(name, inner);
    }
    // What leads nowhere, or only to what leads nowhere, is taken away: what is left are circles.
    while let Some(name) = leads.iter().find(|(_, inner)| inner.iter().all(|to| !leads.contains_key(to))) {
        let name = name.0.clone();
        leads.remove(&name);
    }
    !leads.is_empty()
}

/// What a reference within the schema leads to.
fn definition<'n, 'a>(root: &'n Node<'a>, reference: &str) -> Option<&'n Node<'a>> {
    let path = reference.strip_prefix('#')?;
    path.split('/')
        .filter(|step| !step.is_empty())
        .try_fold(root, |node, step| node.get(&step.replace("~1", "/").replace("~0", "~")))
}

/// All references in a schema.
fn references(node: &Node<'_>, found: &mut Vec<String>) {
    for (name, value) in node.members().unwrap_or_default() {
        match value.string_or_none() {
            Some(reference) if name == "$ref" => found.push(reference),
            _ => references(value, found),
        }
    }
    for item in node.items().unwrap_or_default() {
        references(item, found);
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::subset::rules;
    use super::*;
    use baton_model::entity::SchemaSubset;

    fn check(subset: SchemaSubset, schema: &str) -> Restricted {
        restrict(&Node::parse(schema.as_bytes()).unwrap(), rules(subset).unwrap())
    }

    #[test]
    fn objects_are_closed_wherever_they_are() {
        for (schema, expected) in [
            (
                r##"{"type":"object","properties":{"type":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":["object","null"],"properties":{}}}}"##,
                r##"{"type":"object","properties":{"type":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":["object","null"],"properties":{},"additionalProperties":false}},"additionalProperties":false}"##,
            ),
            (
                r#"{"type":"array","items":{"oneOf":[{"properties":{}},{"type":"string"}]}}"#,
                r#"{"type":"array","items":{"anyOf":[{"properties":{},"additionalProperties":false},{"type":"string"}]}}"#,
            ),
            (r#"{"additionalProperties":true,"properties":{}}"#, r#"{"properties":{},"additionalProperties":false}"#),
        ] {
            let restricted = check(SchemaSubset::Anthropic, schema);
            assert_eq!((restricted.text.as_deref(), restricted.unsupported), (Some(expected), None), "{schema}");
        }
        for schema in [
            r#"{"type":"object","properties":{},"additionalProperties":false}"#,
            r#"{"const":{"type":"object","properties":{"minLength":{}}}}"#,
            "7",
        ] {
            assert_eq!(check(SchemaSubset::Anthropic, schema), Restricted::default(), "{schema}");
        }
    }

    #[test]
    fn what_a_vendor_does_not_know_is_left_out_and_named() {
        use SchemaSubset::{Anthropic, Gemini, OpenAi};
        for (subset, schema, expected, changed) in [
            (
                OpenAi,
                r#"{"properties":{"a":{"type":"string","minLength":1,"format":"uri"}},"required":["a"],"additionalProperties":false}"#,
                r#"{"properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#,
                &["properties.a.minLength", "properties.a.format"][..],
            ),
            (
                Anthropic,
                r#"{"type":"array","minItems":2,"items":{"type":"integer","maximum":3,"minimum":1,"format":"date"},"maxItems":4}"#,
                r#"{"type":"array","items":{"type":"integer","format":"date"}}"#,
                &["minItems", "items.maximum", "items.minimum"],
            ),
            (
                Gemini,
                r#"{"$schema":"x","anyOf":[{"const":1},{"type":"string","exclusiveMinimum":0}]}"#,
                r#"{"anyOf":[{},{"type":"string"}]}"#,
                &["anyOf[0].const", "anyOf[1].exclusiveMinimum"],
            ),
        ] {
            let restricted = check(subset, schema);
            assert_eq!((restricted.text.as_deref(), restricted.unsupported), (Some(expected), None), "{schema}");
            assert_eq!(restricted.changed, changed, "{schema}");
        }
        assert_eq!(check(Anthropic, r#"{"minimum":1,"maximum":2,"multipleOf":3,"maxItems":4}"#).changes, 4);
    }

    #[test]
    fn what_cant_be_said_is_told() {
        use SchemaSubset::{Anthropic, Gemini, OpenAi};
        let deep = (0..11)
            .fold(r#"{"type":"string"}"#.to_owned(), |inner, _| format!(r#"{{"type":"array","items":{inner}}}"#));
        let circle = r##"{"properties":{"a":{"$ref":"#/$defs/a"}},"required":["a"],"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/b"}]},"b":{"items":{"$ref":"#/$defs/a"}}}}"##;
        let twice = r##"{"properties":{"a":{"$ref":"#/$defs/a"},"b":{"$ref":"#/$defs/a"}},"required":["a","b"],"$defs":{"a":{"type":"string"}}}"##;
        for (subset, schema, expected) in [
            (OpenAi, r#"{"properties":{"a":{}},"required":[]}"#, Some("properties.a: a property that may be missing")),
            (
                OpenAi,
                r#"{"type":"object","additionalProperties":{"type":"string"}}"#,
                Some(": an object whose keys are not named"),
            ),
            (Anthropic, r#"{"items":{"type":"object"}}"#, Some("items: an object whose keys are not named")),
            (
                OpenAi,
                deep.as_str(),
                Some("items.items.items.items.items.items.items.items.items.items.items: more than 10 levels"),
            ),
            (Anthropic, circle, Some("a schema that refers to itself")),
            (Anthropic, r##"{"properties":{"a":{"$ref":"#"}}}"##, Some("a schema that refers to itself")),
            (Anthropic, twice, None),
            (OpenAi, circle, None),
            (Gemini, r#"{"type":"object","properties":{"a":{"type":"object"}}}"#, None),
        ] {
            assert_eq!(check(subset, schema).unsupported.as_deref(), expected, "{schema}");
        }
    }
}
