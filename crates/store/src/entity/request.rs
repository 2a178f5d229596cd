//! A request, complete.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "requests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub arrived: i64,
    pub finished: i64,
    pub first_content: Option<i64>,
    /// From arrival to the last byte, in microseconds.
    pub latency: i64,
    pub api: String,
    pub capability: String,
    pub stream: bool,
    pub requested: String,
    pub served: Option<String>,
    pub provider: Option<String>,
    pub key_id: Option<String>,
    pub project: Option<String>,
    pub user: Option<String>,
    pub task: Option<String>,
    /// A JSON array.
    #[sea_orm(column_type = "Text")]
    pub tags: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub metadata: Option<String>,
    pub outcome: String,
    pub status: i32,
    pub error_code: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error_message: Option<String>,
    pub cache: String,
    /// Of all attempts; NULL: unpriced.
    pub cost: Option<i64>,
    pub estimated: bool,
    /// The number of its event: a row of the outbox that stands for many, and the place within; NULL: its event is a row.
    pub event_number: Option<i64>,
    /// What its project is charged for each attempt, in ten-thousandths of its cost; NULL: the cost.
    pub charge_factor: Option<i64>,
    /// The run that it belongs to, which stands among its tags too.
    pub run: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
