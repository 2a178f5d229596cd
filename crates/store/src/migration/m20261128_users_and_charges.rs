//! Users with what is set for them, what projects are charged for requests, and the runs of requests.

use sea_orm::ConnectionTrait;
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, string, string_null, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let users = Table::create()
            .table("users")
            .col(string("id").primary_key())
            .col(text("body"))
            .col(big_integer("created_at"))
            .col(big_integer("updated_at"))
            .to_owned();
        manager.create_table(users).await?;
        // A statement each: SQLite adds one column at a time.
        for column in [big_integer_null("charge_factor"), string_null("run")] {
            manager.alter_table(Table::alter().table("requests").add_column(column).to_owned()).await?;
        }
        // Most requests belong to no run, and no query asks for those.
        let index = "CREATE INDEX requests_run ON requests (run, arrived) WHERE run IS NOT NULL";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }
}
