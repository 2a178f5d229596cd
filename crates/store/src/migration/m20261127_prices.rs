//! Prices that the operator sets, corrections of what requests cost, why an attempt has no cost, and which batch has made
//! a file.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, integer, string, string_null, text, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [string_null("region"), text_null("unpriced")] {
            manager.alter_table(Table::alter().table("attempts").add_column(column).to_owned()).await?;
        }
        let made_by = Table::alter().table("holdings").add_column(string_null("made_by")).to_owned();
        manager.alter_table(made_by).await?;
        let prices = Table::create()
            .table("prices")
            .col(string("id").primary_key())
            .col(string_null("provider"))
            .col(text_null("model"))
            .col(text("body"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .to_owned();
        manager.create_table(prices).await?;
        let corrections = Table::create()
            .table("corrections")
            .col(string("request_id"))
            .col(integer("number"))
            .col(integer("version"))
            .col(big_integer("arrived"))
            .col(big_integer_null("cost"))
            .col(text_null("unpriced"))
            .col(big_integer("made_at"))
            .col(string("made_by"))
            // The order of the key is that of the question: what is the last word on an attempt?
            .primary_key(Index::create().col("request_id").col("number").col("version"))
            .to_owned();
        manager.create_table(corrections).await?;
        let by_time = Index::create().name("corrections_arrived").table("corrections").col("arrived").to_owned();
        manager.create_index(by_time).await
    }
}
