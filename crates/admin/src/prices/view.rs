//! A line of the list of prices as JSON.

use baton_control::prices::{ListedPrice, PriceOrigin};
use baton_model::{Price, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// What models cost: a fact of the catalogue, or what the operator has set.
#[derive(Debug, Serialize, ToSchema)]
pub struct PriceView {
    /// The vendor in the catalogue; null for what the operator has set.
    #[schema(example = "openai")]
    vendor: Option<String>,
    /// The provider whose models it is for, of what the operator has set; null: that of any.
    provider: Option<String>,
    /// The vendor's name for the model; null: all of the provider's models.
    #[schema(example = "gpt-5.4")]
    model: Option<String>,
    /// Other names of the model.
    aliases: Vec<String>,
    /// `built_in`, `update` (taken over from a list) or `override` (set by the operator).
    origin: &'static str,
    /// The id of what the operator has set.
    price_id: Option<String>,
    /// The price that is in force now, in dollars per million units; null: not known, or only a factor is set.
    #[schema(value_type = Option<Object>, example = json!({"input": 2.5, "output": 15}))]
    price: Option<Price>,
    /// What the known prices of tokens are multiplied by.
    #[schema(value_type = Option<f64>)]
    factor: Option<baton_model::price::Factor>,
    /// The context window, in tokens.
    token_limit: Option<u64>,
    /// The largest output, in tokens.
    max_tokens: Option<u64>,
    /// What the model reads: `text`, `image`, `audio`, `video`, `pdf`; empty: not known.
    reads: Vec<String>,
    /// What it writes.
    writes: Vec<String>,
    /// The day on which the vendor takes the model out of service; null: none is announced.
    deprecated: Option<String>,
    /// Where the price is from.
    #[schema(example = "models.dev")]
    source: Option<String>,
    /// The day on which the source said so.
    #[schema(example = "2026-11-27")]
    date: Option<String>,
}

impl PriceView {
    /// A line of the list, at a time.
    pub fn new(listed: ListedPrice, now: Timestamp) -> Self {
        let in_force = |price: Option<Price>| {
            let price = price.as_ref()?.at(now)?;
            Some(Price { periods: Vec::new(), ..price.clone() })
        };
        match listed {
            ListedPrice::Known(entry, origin) => Self {
                vendor: Some(entry.vendor),
                provider: None,
                model: Some(entry.id),
                aliases: entry.aliases,
                origin: origin.name(),
                price_id: None,
                price: in_force(entry.price),
                factor: None,
                token_limit: entry.token_limit,
                max_tokens: entry.max_tokens,
                reads: entry.reads,
                writes: entry.writes,
                deprecated: entry.deprecated,
                source: Some(entry.source),
                date: Some(entry.date),
            },
            ListedPrice::Set(set) => Self {
                vendor: None,
                provider: set.provider,
                model: set.model,
                aliases: Vec::new(),
                origin: PriceOrigin::Override.name(),
                price_id: Some(set.price_id),
                price: in_force(set.price),
                factor: set.factor,
                token_limit: None,
                max_tokens: None,
                reads: Vec::new(),
                writes: Vec::new(),
                deprecated: None,
                source: None,
                date: None,
            },
        }
    }
}
