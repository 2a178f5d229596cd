//! A project that requests are booked on.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "projects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// A JSON object.
    #[sea_orm(column_type = "Text")]
    pub metadata: String,
    pub created_at: i64,
    pub updated_at: i64,
    /// Fields without a column: a JSON object, in the schema of the API.
    #[sea_orm(column_type = "Text")]
    pub more: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
