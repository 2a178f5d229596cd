//! A price that the operator has set. To add a field: a line in the struct and one in [`PriceOverride::new`]. The API,
//! events, the audit log and the database have it then.

use crate::clock::Timestamp;
use crate::price::{Factor, Price};

/// A price that the operator has set, in place of what is known of a vendor's prices.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema),
    schema(as = PriceOverrideView)
)]
pub struct PriceOverride {
    /// Its id; by default one is made.
    #[cfg_attr(feature = "schema", schema(example = "groq-contract"))]
    pub price_id: String,
    /// The provider whose models it is for; null: that of any.
    #[cfg_attr(feature = "schema", schema(example = "groq"))]
    pub provider: Option<String>,
    /// The provider's name for the model; null: all of the provider's models.
    #[cfg_attr(feature = "schema", schema(example = "llama-3.3-70b-versatile"))]
    pub model: Option<String>,
    /// What the model costs, in dollars per million units, as of a registered model.
    #[cfg_attr(feature = "schema", schema(value_type = Option<Object>, example = json!({"input": "0.5", "output": "0.7"})))]
    pub price: Option<Price>,
    /// In place of `price`: what the known prices of tokens are multiplied by, such as 0.9 for a discount of a tenth.
    #[cfg_attr(feature = "schema", schema(value_type = Option<f64>))]
    pub factor: Option<Factor>,
    /// What it is, for people.
    pub description: Option<String>,
    /// When it was made.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[cfg_attr(feature = "schema", schema(value_type = String, read_only))]
    pub updated_at: Timestamp,
}

// === impl PriceOverride ===

impl PriceOverride {
    /// One that says nothing yet, made at the beginning of time.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            price_id: id.into(),
            provider: None,
            model: None,
            price: None,
            factor: None,
            description: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }
}

#[cfg(feature = "schema")]
impl crate::schema::RegisteredSchema for PriceOverride {}
