//! What an attempt cost after all. The record of the attempt stays as it was; the correction of the highest version is the
//! last word on it.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "corrections")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: String,
    /// The attempt's number.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// From 1, in order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i32,
    /// When the request arrived.
    pub arrived: i64,
    /// NULL: unpriced.
    pub cost: Option<i64>,
    /// Why there is no cost.
    #[sea_orm(column_type = "Text", nullable)]
    pub unpriced: Option<String>,
    pub made_at: i64,
    pub made_by: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
