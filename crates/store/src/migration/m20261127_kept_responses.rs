//! Responses that Baton keeps itself.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string, string_null, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(kept_responses()).await?;
        let index =
            Index::create().name("kept_responses_expires_at").table("kept_responses").col("expires_at").to_owned();
        manager.create_index(index).await
    }
}

fn kept_responses() -> TableCreateStatement {
    Table::create()
        .table("kept_responses")
        .col(string("id").primary_key())
        .col(string_null("key_id"))
        .col(string_null("project"))
        .col(string_null("user_id"))
        .col(text("model"))
        .col(text("input"))
        .col(text("response"))
        .col(big_integer("created_at"))
        .col(big_integer("expires_at"))
        .to_owned()
}
