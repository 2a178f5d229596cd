//! The fields of a model as a client gives them.

use crate::wire::changes::{FieldChanges, Ruled};
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::money;
use crate::wire::phrases::brief;
use crate::wire::schema::{body, settable_fields};
use crate::wire::written_price;
use baton_engine::Snapshot;
use baton_engine::names::nearest_name;
use baton_meter::Tokenizer;
use baton_model::bounds::{self, Maximum};
use baton_model::price::Rates;
use baton_model::{Capability, Model, ModelId, ModelStatus, Nanos, Price, ProviderId, Quirks, UsageClass};
use serde_json::json;
use utoipa::openapi::Object;
use utoipa::openapi::schema::Type;

body!(ModelBody as "Model" of Model: "A model to register, or the fields of one to change", {
    let mut body = settable_fields::<Model>(&[], &[]);
    let per_token = Object::builder()
        .schema_type(Type::Number)
        .description(Some("Dollars for one token, in place of `price`: sets `input` and `output`"));
    body.properties.insert("cost_per_token".to_owned(), per_token.into());
    body.examples = vec![json!({
        "model_id": "fast", "provider": "groq", "upstream": "llama-3.3-70b-versatile", "capabilities": ["CHAT"],
        "token_limit": 131_072, "max_tokens": 32_768, "price": {"input": "0.59", "output": "0.79"},
        "fallbacks": ["gpt-4o-mini"]
    })];
    body
});

/// The most fallbacks of a model, as of a request.
const MOST_FALLBACKS: usize = bounds::FALLBACKS;

/// Reads the fields of a model but its id; `own` is that id, on which it can't fall back.
pub fn read(
    fields: &mut JsonFields,
    own: Option<&ModelId>,
    snapshot: &Snapshot,
    faults: &mut Faults,
) -> FieldChanges<Model> {
    FieldChanges::read(fields, &Model::new("", ""), &["model_id"], faults, |name, fields, faults| match name {
        "provider" => Ruled::read(provider(fields, own, snapshot, faults)),
        "capabilities" => Ruled::read(capabilities(fields, faults)),
        "max_tokens" => Ruled::read(tokens(fields, "max_tokens", faults)),
        "token_limit" => Ruled::read(tokens(fields, "token_limit", faults)),
        "price" => Ruled::read(price(fields, faults)),
        "fallbacks" => Ruled::read(fallbacks(fields, own, snapshot, faults)),
        "quirks" => Ruled::read(quirks(fields, faults)),
        "tokenizer" => Ruled::read(tokenizer(fields, faults)),
        _ => Ruled::BySchema,
    })
}

/// The id of a new model.
pub fn model_id(fields: &mut JsonFields, faults: &mut Faults) -> Option<ModelId> {
    if fields.raw("model_id").is_none_or(|text| text == "null") {
        faults.add("model_id", "is required: the name that clients use for the model");
        return None;
    }
    let text = fields.text("model_id", faults)?;
    ModelId::parse(&text).map_err(|problem| faults.add("model_id", problem)).ok()
}

fn provider(
    fields: &mut JsonFields,
    own: Option<&ModelId>,
    snapshot: &Snapshot,
    faults: &mut Faults,
) -> Option<ProviderId> {
    let name = fields.text("provider", faults)?;
    // A model whose provider is gone can be put back as it was read, with another field changed.
    let before = own.and_then(|own| snapshot.models.get(own)).map(|model| &model.provider);
    let known = || snapshot.providers.keys().chain(before);
    // The exact name wins: two providers may differ in upper and lower case alone.
    let found = known().find(|id| id.as_str() == name).or_else(|| known().find(|id| is_provider(id, &name)));
    if found.is_none() {
        let known: Vec<&str> = snapshot.providers.keys().map(ProviderId::as_str).collect();
        faults.add("provider", format!("unknown provider `{name}`; configured providers: {}", known.join(", ")));
    }
    found.cloned()
}

fn is_provider(id: &ProviderId, name: &str) -> bool {
    id.as_str().eq_ignore_ascii_case(name)
}

fn capabilities(fields: &mut JsonFields, faults: &mut Faults) -> Option<Vec<Capability>> {
    let names: Vec<String> = fields.take("capabilities", "an array of capabilities such as [\"CHAT\"]", faults)??;
    let mut capabilities = Vec::new();
    for name in &names {
        match Capability::lookup(name) {
            Some(capability) if capabilities.contains(&capability) => {}
            Some(capability) => capabilities.push(capability),
            None => faults.add("capabilities", format!("`{}` is not one of {}", brief(name), known_capabilities())),
        }
    }
    if names.is_empty() {
        faults.add("capabilities", format!("must not be empty; there are {}", known_capabilities()));
    }
    Some(capabilities)
}

/// The names of all capabilities, for messages.
pub fn known_capabilities() -> String {
    Capability::ALL.map(Capability::name).join(", ")
}

/// The names of all statuses, for messages.
pub fn known_statuses() -> String {
    ModelStatus::ALL.map(ModelStatus::name).join(", ")
}

fn tokens(fields: &mut JsonFields, name: &'static str, faults: &mut Faults) -> Option<Option<u64>> {
    let expected = "a positive number of tokens, or null";
    let tokens: Option<u64> = fields.take(name, expected, faults)?;
    // The database keeps a signed 64-bit integer.
    if tokens.is_some_and(|tokens| tokens == 0 || i64::try_from(tokens).is_err()) {
        faults.add(name, format!("must be {expected}"));
    }
    Some(tokens)
}

/// The price: as `price`, or for input and output alike as `cost_per_token`, in dollars for one token.
fn price(fields: &mut JsonFields, faults: &mut Faults) -> Option<Option<Price>> {
    let per_token = fields.raw("cost_per_token").map(str::to_owned);
    let price = fields.raw("price").map(str::to_owned);
    match (price, per_token) {
        (Some(_), Some(_)) => {
            // Neither can silently win: a wrong price is a wrong bill.
            faults.add("cost_per_token", "can't be combined with `price`");
            None
        }
        // Null takes the price away; without the field it stays.
        (Some(text), None) | (None, Some(text)) if text == "null" => Some(None),
        (Some(text), None) => written_price::read(&text, faults).map(Some),
        // Six places are the step from one token to a million, the unit in which prices are kept.
        (None, Some(text)) => match money::read(&text, 6) {
            Some(rate) => Some(Some(same_for_all(rate))),
            None => {
                let expected = "must be dollars per token as a decimal of at most 15 places, such as 0.0000005";
                faults.add("cost_per_token", format!("{expected}, got {}", brief(&text)));
                None
            }
        },
        (None, None) => None,
    }
}

fn same_for_all(rate: Nanos) -> Price {
    let rates = Rates::default().with(UsageClass::Input, rate).with(UsageClass::Output, rate);
    Price { rates, ..Price::default() }
}

fn fallbacks(
    fields: &mut JsonFields,
    own: Option<&ModelId>,
    snapshot: &Snapshot,
    faults: &mut Faults,
) -> Option<Vec<ModelId>> {
    let names: Vec<String> = fields.take("fallbacks", "an array of model ids", faults)??;
    if names.len() > MOST_FALLBACKS {
        faults.add("fallbacks", format!("must have at most {MOST_FALLBACKS} entries, got {}", names.len()));
        // Not looked up one by one: the list may be as long as the body.
        return None;
    }
    let before = own.and_then(|own| snapshot.models.get(own)).map_or(&[][..], |model| &model.fallbacks);
    for name in &names {
        // A fallback may have been removed since it was named: that must not keep the other fields from being changed.
        if before.iter().any(|before| before.as_str() == name) {
            continue;
        }
        if own.is_some_and(|own| own.as_str() == name) {
            faults.add("fallbacks", format!("`{name}` is the model itself: a model can't be its own fallback"));
        } else if !snapshot.models.contains_key(name.as_str()) {
            let near = nearest_name(name, snapshot.models.keys().map(ModelId::as_str));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            faults.add("fallbacks", format!("unknown model `{}`{hint}", brief(name)));
        }
    }
    Some(names.iter().map(ModelId::from).collect())
}

fn quirks(fields: &mut JsonFields, faults: &mut Faults) -> Option<Quirks> {
    let text = fields.raw("quirks")?;
    match serde_json::from_str::<Quirks>(text) {
        Ok(quirks) => {
            for (field, names) in [("quirks.refuses", &quirks.refuses), ("quirks.accepts", &quirks.accepts)] {
                let number = Maximum::Entries(bounds::REFUSES).check_length(names.len());
                let each = || names.iter().try_for_each(|name| Maximum::Bytes(bounds::ID).check(name));
                if let Err(problem) = number.and_then(|()| each()) {
                    faults.add(field, problem);
                }
            }
            Some(quirks)
        }
        Err(error) => {
            faults.add("quirks", baton_model::serde_words::describe(&error.to_string()));
            None
        }
    }
}

fn tokenizer(fields: &mut JsonFields, faults: &mut Faults) -> Option<Option<String>> {
    let name: Option<String> = fields.take("tokenizer", "a tokenizer's name, or null", faults)?;
    if let Some(name) = name.as_deref().filter(|name| Tokenizer::lookup(name).is_none()) {
        let known = Tokenizer::ALL.map(Tokenizer::name).join(", ");
        faults.add("tokenizer", format!("`{}` is not one of {known}", brief(name)));
    }
    Some(name)
}
