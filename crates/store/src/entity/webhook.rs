//! A service that is told of events over HTTP.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhooks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(column_type = "Text")]
    pub url: String,
    /// A JSON array of event types; absent: all.
    #[sea_orm(column_type = "Text", nullable)]
    pub types: Option<String>,
    /// Encrypted by whoever wrote it.
    #[sea_orm(column_type = "Text")]
    pub sealed_secret: String,
    pub active: bool,
    pub created_at: i64,
    pub updated_at: i64,
    /// Fields without a column: a JSON object, in the schema of the API.
    #[sea_orm(column_type = "Text")]
    pub more: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
