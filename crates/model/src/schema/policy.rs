//! Budgets and limits: the values of a scope, and what is done about models without a price.

use crate::entity::{ScopeValues, WhenUnpriced};
use crate::price::Price;
use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;
use utoipa::PartialSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{Object, RefOr, Schema};

/// What stands for any value.
const ANY: &str = "*";
/// What the values of a scope may be.
const VALUES: &str = "must be a name, a list of names, or \"*\"";

impl Serialize for ScopeValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_str(ANY),
            Self::Each(values) => match values.as_slice() {
                [one] => serializer.serialize_str(one),
                several => serializer.collect_seq(several),
            },
        }
    }
}

impl<'de> Deserialize<'de> for ScopeValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Given {
            One(String),
            Several(Vec<String>),
        }
        let values = match Given::deserialize(deserializer).map_err(|_| D::Error::custom(VALUES))? {
            Given::One(any) if any == ANY => return Ok(Self::Any),
            Given::One(one) => vec![one],
            Given::Several(several) => several,
        };
        if values.is_empty() || values.iter().any(|value| value.is_empty() || value == ANY) {
            return Err(D::Error::custom(VALUES));
        }
        let mut values: Vec<Arc<str>> = values.into_iter().map(Arc::from).collect();
        // In one order, so that the same scope is the same text.
        values.sort_unstable();
        values.dedup();
        Ok(Self::Each(values))
    }
}

impl JsonSchema for ScopeValues {
    fn schema_name() -> Cow<'static, str> {
        "ScopeValues".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

impl PartialSchema for ScopeValues {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        OneOfBuilder::new().item(text()).item(ArrayBuilder::new().items(text())).into()
    }
}

impl utoipa::ToSchema for ScopeValues {}

/// The description of what is done about models without a price: a word, or an object with a price.
pub(crate) fn when_unpriced() -> RefOr<Schema> {
    let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["refuse", "allow"]));
    let price = ObjectBuilder::new().schema_type(Type::Object).description(Some("The price by which it is counted."));
    let priced = ObjectBuilder::new().schema_type(Type::Object).property("price", price).required("price");
    let about = "What happens to a request of a model without a price: `\"refuse\"`, `\"allow\"`, or `{\"price\": {…}}` by which \
                 it is counted.";
    OneOfBuilder::new().item(word).item(priced).description(Some(about)).into()
}

/// The description of what a budget is raised by: shown, and nothing that a body says as a field.
pub(crate) fn raise() -> Object {
    let number = ObjectBuilder::new().schema_type(Type::Number).description(Some("Dollars on top."));
    let time = ObjectBuilder::new().schema_type(Type::String).description(Some("Until when, exclusive."));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .description(Some("What it was raised by for a while; null: it is not raised."))
        .property("amount", number)
        .property("until", time)
        .read_only(true)
        .build()
}

impl Serialize for WhenUnpriced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Refuse => serializer.serialize_str("refuse"),
            Self::Allow => serializer.serialize_str("allow"),
            Self::Price(price) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("price", price)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for WhenUnpriced {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct ByPrice {
            price: Price,
        }
        let json = Box::<RawValue>::deserialize(deserializer)?;
        match json.get() {
            "\"refuse\"" => Ok(Self::Refuse),
            "\"allow\"" => Ok(Self::Allow),
            text if text.starts_with('{') => {
                let ByPrice { price } = serde_json::from_str(text).map_err(D::Error::custom)?;
                if price.rates.is_empty() {
                    return Err(D::Error::custom("`price` must contain at least one amount, such as input"));
                }
                Ok(Self::Price(Box::new(price)))
            }
            _ => Err(D::Error::custom("must be \"refuse\", \"allow\" or {\"price\": {…}}")),
        }
    }
}
