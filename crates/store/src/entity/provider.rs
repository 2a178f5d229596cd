//! A registered provider.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "providers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub kind: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub base_url: Option<String>,
    /// Encrypted by whoever wrote it.
    #[sea_orm(column_type = "Text", nullable)]
    pub sealed_key: Option<String>,
    /// A JSON object.
    #[sea_orm(column_type = "Text")]
    pub settings: String,
    pub created_at: i64,
    pub updated_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
