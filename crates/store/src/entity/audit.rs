//! A change of what is registered: who, from where, before and after. Rows are only added.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub at: i64,
    #[sea_orm(column_type = "Text")]
    pub actor: String,
    pub role: String,
    pub address: Option<String>,
    pub request_id: Option<String>,
    pub command_id: Option<String>,
    pub action: String,
    pub kind: String,
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    /// JSON.
    #[sea_orm(column_type = "Text", nullable)]
    pub before: Option<String>,
    /// JSON.
    #[sea_orm(column_type = "Text", nullable)]
    pub after: Option<String>,
    /// The project that the changed thing belongs to; NULL: to none, or to all.
    pub project: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
