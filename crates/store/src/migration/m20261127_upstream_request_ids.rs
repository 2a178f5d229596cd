//! What a provider calls an attempt, for questions to its support.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let named = Table::alter().table("attempts").add_column(text_null("upstream_request_id")).to_owned();
        manager.alter_table(named).await
    }
}
