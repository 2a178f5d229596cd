//! Something that happened: the outbox, and what the event stream is read from.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub kind: String,
    #[sea_orm(column_type = "Text")]
    pub subject: String,
    pub time: i64,
    /// A JSON object.
    #[sea_orm(column_type = "Text")]
    pub data: String,
    pub traceparent: Option<String>,
    /// The node.
    pub source: String,
    /// Given by the relay; NULL: it is still to come.
    pub position: Option<i64>,
    /// The project that it belongs to; NULL: to none, or to all.
    pub project: Option<String>,
    /// The row stands for the events of so many requests, and `position` is that of the last; NULL: it is one event.
    pub requests: Option<i32>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
