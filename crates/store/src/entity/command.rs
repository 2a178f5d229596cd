//! A command of the bus, for as long as it may be delivered again.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "commands")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub kind: String,
    pub done: bool,
    /// The node that works on it, or did.
    pub node: String,
    pub claimed_at: i64,
    pub lease_until: i64,
    /// Whether a change of it was committed.
    pub effect: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub reply: Option<String>,
    pub received_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
