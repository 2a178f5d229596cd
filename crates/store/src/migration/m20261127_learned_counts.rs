//! What was learned of how models count, shared by nodes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let learned = Table::create()
            .table("learned_counts")
            .col(text("id").primary_key())
            .col(text("body"))
            .col(big_integer("revision"))
            .col(big_integer("updated_at"))
            .to_owned();
        manager.create_table(learned).await?;
        let by_time =
            Index::create().name("learned_counts_updated_at").table("learned_counts").col("updated_at").to_owned();
        manager.create_index(by_time).await
    }
}
