//! What projects and webhooks have beside their columns, as models and keys have it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["projects", "webhooks"] {
            let more = Table::alter().table(table).add_column(text("more").default("{}")).to_owned();
            manager.alter_table(more).await?;
        }
        Ok(())
    }
}
