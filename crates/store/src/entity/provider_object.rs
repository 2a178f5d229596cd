//! What callers keep at providers.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "holdings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub object: String,
    pub kind: String,
    pub provider: String,
    pub key_id: Option<String>,
    pub project: Option<String>,
    pub user_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub model: Option<String>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    /// Against whose quota it counts.
    pub account: String,
    /// The batch whose results it has.
    pub made_by: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
