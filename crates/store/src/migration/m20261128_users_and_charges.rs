//! Users with what is set for them, what projects are charged for requests, the runs of requests, and which
//! change of keys was the last of each.

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
        // Which change of keys was the last of each, so that nodes read only those that changed.
        let changed = Table::alter().table("api_keys").add_column(big_integer("revision").default(0)).to_owned();
        manager.alter_table(changed).await?;
        let connection = manager.get_connection();
        for statement in [
            "CREATE INDEX api_keys_revision ON api_keys (revision)",
            "INSERT INTO counters (name, number) VALUES ('keys', 0), ('others', 0), ('removed_keys', 0)",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        // Most requests belong to no run, and no query asks for those.
        let index = "CREATE INDEX requests_run ON requests (run, arrived) WHERE run IS NOT NULL";
        manager.get_connection().execute_unprepared(index).await?;
        Ok(())
    }
}
