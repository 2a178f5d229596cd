//! `[[models]]`: a model's own schema, but for what Baton says of it.

use super::registered::{TableFaults, read_table};
use baton_model::schema::settable_names;
use baton_model::{Model, ModelSource, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A model.
#[derive(Debug, Clone)]
pub struct ModelSection {
    /// As it is configured.
    pub model: Model,
    /// What is wrong with it: key and problem. A table is read to its end, so that all of it is told at once.
    pub faults: TableFaults,
}

static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(settable_names::<Model>);
const REQUIRED: [&str; 2] = ["model_id", "provider"];

impl ModelSection {
    /// As a registration made at start.
    pub fn register(&self, now: Timestamp) -> Model {
        Model { source: ModelSource::Config, created_at: now, updated_at: now, ..self.model.clone() }
    }
}

impl<'de> Deserialize<'de> for ModelSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By JSON, because that is what the schema keeps as it was written: metadata, defaults of requests, prices.
        let given = BTreeMap::<String, Value>::deserialize(deserializer)?;
        if let Some(unknown) = given.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(D::Error::unknown_field(unknown, &KEYS));
        }
        let mut faults = Vec::new();
        let mut text = |key: &'static str| match given.get(key) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err(D::Error::custom(format!("`{key}` must be a string"))),
            // A fault and no error: an error has the place of the first table of its kind.
            None => {
                faults.push((key.to_owned(), "is required".to_owned()));
                Ok(String::new())
            }
        };
        let model = Model::new(text("model_id")?, text("provider")?);
        let (model, wrong) = read_table(model, given);
        faults.extend(wrong);
        Ok(Self { model, faults })
    }
}

impl JsonSchema for ModelSection {
    fn schema_name() -> Cow<'static, str> {
        "ModelSection".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Model::json_schema(generator);
        schema.insert("required".to_owned(), REQUIRED.as_slice().into());
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|key, _| KEYS.contains(&key.as_str()));
        }
        schema
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use baton_model::chat::Json;
    use baton_model::price::{ContextTier, Rates};
    use baton_model::{Nanos, Price, UsageClass};

    #[test]
    fn a_table_is_a_model() -> Result<(), toml::de::Error> {
        let section: ModelSection = toml::from_str(
            r#"
            model_id = "a"
            provider = "x"
            metadata = { z = 1, a = [1.5, { c = 1, b = 2 }] }
            configuration = { temperature = 0.5 }
            price = { input = "0.59", output = 2, context_tiers = [{ above = 200000, input = 1.25 }] }
            "#,
        )?;
        assert_eq!(section.faults, []);
        let input = |nanos| Rates::default().with(UsageClass::Input, Nanos(nanos));
        let expected = Model {
            metadata: Json(r#"{"a":[1.5,{"b":2,"c":1}],"z":1}"#.into()),
            configuration: vec![("temperature".into(), Json("0.5".into()))],
            price: Some(Price {
                rates: input(590_000_000).with(UsageClass::Output, Nanos(2_000_000_000)),
                context_tiers: vec![ContextTier { above: 200_000, rates: input(1_250_000_000) }],
                ..Price::default()
            }),
            source: ModelSource::Config,
            created_at: Timestamp(7),
            updated_at: Timestamp(7),
            ..Model::new("a", "x")
        };
        assert_eq!(section.register(Timestamp(7)), expected);
        Ok(())
    }

    #[test]
    fn what_baton_says_of_a_model_is_no_key() {
        let refused = |text: &str| toml::from_str::<ModelSection>(text).err().map(|error| error.message().to_owned());
        for key in ["source", "created_at", "provide"] {
            let message = refused(&format!("model_id = \"a\"\nprovider = \"x\"\n{key} = \"api\"\n"));
            assert!(message.is_some_and(|message| message.starts_with(&format!("unknown field `{key}`"))));
        }
        let section: ModelSection = toml::from_str("model_id = \"a\"").unwrap();
        assert_eq!(section.faults, [("provider".to_owned(), "is required".to_owned())]);
        assert_eq!(refused("model_id = 1\nprovider = \"x\"").as_deref(), Some("`model_id` must be a string"));
    }
}
