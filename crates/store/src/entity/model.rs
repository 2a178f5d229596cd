//! A registered model.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "models")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub provider: String,
    pub upstream: String,
    /// A JSON array of names.
    #[sea_orm(column_type = "Text")]
    pub capabilities: String,
    pub status: String,
    pub display_name: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub max_tokens: Option<i64>,
    pub token_limit: Option<i64>,
    /// JSON, in the schema of [`crate::json`].
    #[sea_orm(column_type = "Text", nullable)]
    pub price: Option<String>,
    /// A JSON array of model ids.
    #[sea_orm(column_type = "Text")]
    pub fallbacks: String,
    /// A JSON object, in its own order.
    #[sea_orm(column_type = "Text")]
    pub configuration: String,
    /// A JSON object, as it was written.
    #[sea_orm(column_type = "Text")]
    pub metadata: String,
    /// JSON, in the schema of [`crate::json`].
    #[sea_orm(column_type = "Text")]
    pub quirks: String,
    pub tokenizer: Option<String>,
    pub source: String,
    pub created_at: i64,
    pub updated_at: i64,
    /// Fields without a column: a JSON object, in the schema of the API.
    #[sea_orm(column_type = "Text")]
    pub more: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
