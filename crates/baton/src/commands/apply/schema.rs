//! Which fields there are: what the server's description of its own API says of bodies.
//!
//! From the server and not from this program, so that both need not be of the same version.

use super::kinds::{ALL, Creation, Kind};
use crate::client::{ApiClient, ExpectedField, ExpectedReply};
use serde_json::Value;
use std::collections::BTreeMap;

/// The fields of the bodies of each kind that the server has.
#[derive(Debug, Clone, Default)]
pub struct BodyFields(BTreeMap<&'static str, KindFields>);

/// The fields of the bodies of one kind.
#[derive(Debug, Clone, Default)]
pub struct KindFields {
    /// What a body may say to make one.
    create: Vec<String>,
    /// What a body may say to change one.
    change: Vec<String>,
}

const DESCRIPTION: &[ExpectedField] =
    &[ExpectedField::Text("/openapi"), ExpectedField::Text("/paths/~1api~1models/get/operationId")];

impl BodyFields {
    /// Asks the server.
    ///
    /// # Errors
    /// If it can't be reached, or does not reply like Baton.
    pub async fn of_server(client: &ApiClient) -> anyhow::Result<Self> {
        Ok(Self::of_description(&client.get("/openapi.json", &[], &ExpectedReply::page(DESCRIPTION)).await?))
    }

    /// Reads a description in the format of OpenAPI.
    pub fn of_description(description: &Value) -> Self {
        let known = ALL.iter().filter_map(|kind| Some((kind.name, kind_fields(description, kind)?)));
        Self(known.collect())
    }

    /// Those of a kind; `None`: the server does not have it.
    pub fn of(&self, kind: &Kind) -> Option<&KindFields> {
        self.0.get(kind.name)
    }
}

impl KindFields {
    /// Everything that a body may say.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let more = self.change.iter().filter(|name| !self.create.contains(name));
        self.create.iter().chain(more).map(String::as_str)
    }

    /// Whether a body may say it.
    pub fn has(&self, name: &str) -> bool {
        self.all().any(|known| known == name)
    }

    /// Whether it stays as it was made.
    pub fn is_fixed(&self, name: &str) -> bool {
        self.create.iter().any(|known| known == name) && !self.change.iter().any(|known| known == name)
    }
}

fn kind_fields(description: &Value, kind: &Kind) -> Option<KindFields> {
    let paths = description.get("paths")?.as_object()?;
    let one = |path: &str| {
        let rest = path.strip_prefix(kind.path).and_then(|rest| rest.strip_prefix("/{"));
        rest.is_some_and(|rest| !rest.contains('/'))
    };
    let change = paths.iter().find(|(path, item)| one(path) && item.get("put").is_some())?.1;
    let change = properties(description, change.get("put")?);
    let create = match kind.creation {
        Creation::Post => properties(description, paths.get(kind.path)?.get("post")?),
        // The body that makes one is the body that changes it, and the id is in the path alone.
        Creation::Put => [vec![kind.id.to_owned()], change.clone()].concat(),
    };
    Some(KindFields { create, change })
}

/// The fields of the body of an operation.
fn properties(description: &Value, operation: &Value) -> Vec<String> {
    let mut schema = operation.pointer("/requestBody/content/application~1json/schema");
    if let Some(name) = schema.and_then(|schema| schema.get("$ref")?.as_str()) {
        schema = name.strip_prefix('#').and_then(|pointer| description.pointer(pointer));
    }
    let properties = schema.and_then(|schema| schema.get("properties")?.as_object());
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::commands::apply::kinds::lookup;

    fn of_this_program() -> BodyFields {
        BodyFields::of_description(&serde_json::to_value(crate::surface::description()).unwrap())
    }

    #[test]
    fn the_description_says_which_fields_there_are() {
        let fields = of_this_program();
        for (kind, field, fixed) in [
            ("providers", "api_key", false),
            ("models", "fallbacks", false),
            ("prices", "factor", false),
            ("projects", "metadata", false),
            ("keys", "role", true),
            ("keys", "models", false),
            ("budgets", "amount", false),
            ("limits", "per", false),
            ("webhooks", "secret", false),
        ] {
            let of_kind = fields.of(lookup(kind).unwrap()).unwrap();
            assert!(of_kind.has(field) && of_kind.is_fixed(field) == fixed, "{kind}.{field}: {of_kind:?}");
            assert!(!of_kind.has("created_at"), "{kind}: what is only shown is no field of a body");
        }
    }

    /// A rule for a field that is not there would be a rule for nothing.
    #[test]
    fn rules_are_for_fields_that_are_there() {
        let fields = of_this_program();
        for kind in &ALL {
            let Some(of_kind) = fields.of(kind) else { continue };
            for field in kind.matched_by.iter().chain(kind.only_new).chain(kind.references.iter().map(|it| &it.field)) {
                assert!(of_kind.has(field), "{}.{field}", kind.name);
            }
        }
    }
}
