//! One attempt of a request at one model. Usage has a column for each class, so that it sums in SQL.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: String,
    /// From 0, in order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// When the request arrived: a ledger in parts by month has the attempts beside their request.
    pub arrived: i64,
    pub model: String,
    pub provider: String,
    pub upstream: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub upstream_request_id: Option<String>,
    pub started: i64,
    pub finished: i64,
    pub outcome: String,
    pub error_kind: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error_message: Option<String>,
    /// `reported` or `estimated`.
    pub origin: String,
    /// Whether what was used is an estimate: nothing used is none.
    pub estimated: bool,
    pub service_tier: Option<String>,
    pub region: Option<String>,
    /// NULL: unpriced.
    pub cost: Option<i64>,
    /// Why there is no cost.
    #[sea_orm(column_type = "Text", nullable)]
    pub unpriced: Option<String>,
    pub input: i64,
    pub cache_read: i64,
    pub cache_write: i64,
    #[sea_orm(column_name = "cache_write_1h")]
    pub cache_write_1h: i64,
    #[sea_orm(column_name = "cache_write_12h")]
    pub cache_write_12h: i64,
    pub output: i64,
    pub reasoning: i64,
    pub audio_input: i64,
    pub audio_cache_read: i64,
    pub audio_output: i64,
    pub image_input: i64,
    pub image_output: i64,
    pub images: i64,
    pub audio_ms: i64,
    pub characters: i64,
    pub web_searches: i64,
    /// A JSON array of what other models consumed of it; NULL: nothing.
    #[sea_orm(column_type = "Text", nullable)]
    pub other_models: Option<String>,
    /// The field of the provider's report that is not accounted for.
    #[sea_orm(column_type = "Text", nullable)]
    pub unaccounted: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
