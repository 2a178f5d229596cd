//! An API key: its hash, never itself.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    pub prefix: String,
    #[sea_orm(unique)]
    pub hash: String,
    pub role: String,
    pub project: Option<String>,
    pub user: Option<String>,
    /// A JSON array of model ids; absent: all.
    #[sea_orm(column_type = "Text", nullable)]
    pub models: Option<String>,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub revoked_at: Option<i64>,
    pub last_used_at: Option<i64>,
    /// A JSON array of networks; absent: all.
    #[sea_orm(column_type = "Text", nullable)]
    pub addresses: Option<String>,
    pub strict: bool,
    /// Before the last rotation.
    pub previous_hash: Option<String>,
    pub previous_until: Option<i64>,
    /// Fields without a column: a JSON object, in the schema of the API.
    #[sea_orm(column_type = "Text")]
    pub more: String,
    /// The number of the change that was its last; [`PENDING`] until that is committed.
    pub revision: i64,
}

/// A change that is not committed yet: it has no number.
pub(crate) const PENDING: i64 = -1;

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
