//! The events of requests are made of the ledger's rows: a row of the outbox stands for those of many requests. Events that
//! are there already stay as they are.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, integer_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let many = Table::alter().table("events").add_column(integer_null("requests")).to_owned();
        manager.alter_table(many).await?;
        let number = Table::alter().table("requests").add_column(big_integer_null("event_number")).to_owned();
        manager.alter_table(number).await?;
        let database = manager.get_connection();
        // Without the requests of earlier versions, which have none.
        let index = "CREATE INDEX requests_event_number ON requests (event_number) WHERE event_number IS NOT NULL";
        database.execute_unprepared(index).await.map(drop)
    }
}
