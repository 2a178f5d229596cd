//! What a Baton among other services keeps: events, an audit log, commands, leases, providers, projects, feedback,
//! webhooks; and on PostgreSQL a ledger in parts by month.

use crate::{connection, partitions};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, double_null, integer, integer_null, string, string_null, text, text_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            counters(),
            events(),
            audit(),
            commands(),
            leases(),
            providers(),
            projects(),
            feedback(),
            webhooks(),
            deliveries(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }
        for column in [text_null("addresses"), string_null("previous_hash"), big_integer_null("previous_until")] {
            manager.alter_table(Table::alter().table("api_keys").add_column(column).to_owned()).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        let database = manager.get_connection();
        // The relay asks for what has no position yet, and that is a handful among millions.
        database.execute_unprepared("CREATE INDEX events_unplaced ON events (time, id) WHERE position IS NULL").await?;
        database
            .execute_unprepared("INSERT INTO counters (name, number) VALUES ('revision', 0), ('position', 0)")
            .await?;
        // By the database itself, so that no later code can change an entry by mistake.
        connection::refuse_changes(database, "audit").await?;
        partitions::create_partitions(database).await
    }
}

fn counters() -> TableCreateStatement {
    Table::create().table("counters").col(string("name").primary_key()).col(big_integer("number")).to_owned()
}

fn events() -> TableCreateStatement {
    Table::create()
        .table("events")
        .col(string("id").primary_key())
        .col(string("kind"))
        .col(text("subject"))
        .col(big_integer("time"))
        .col(text("data"))
        .col(string_null("traceparent"))
        .col(string("source"))
        // Two relays that both believe to be the one can't give the same position away.
        .col(big_integer_null("position").unique_key())
        .to_owned()
}

fn audit() -> TableCreateStatement {
    Table::create()
        .table("audit")
        .col(string("id").primary_key())
        .col(big_integer("at"))
        .col(text("actor"))
        .col(string("role"))
        .col(string_null("address"))
        .col(string_null("request_id"))
        .col(string_null("command_id"))
        .col(string("action"))
        .col(string("kind"))
        .col(text("subject"))
        .col(text_null("before"))
        .col(text_null("after"))
        .to_owned()
}

fn commands() -> TableCreateStatement {
    Table::create()
        .table("commands")
        .col(string("id").primary_key())
        .col(string("kind"))
        .col(boolean("done"))
        .col(string("node"))
        .col(big_integer("claimed_at"))
        .col(big_integer("lease_until"))
        .col(boolean("effect"))
        .col(text_null("reply"))
        .col(big_integer("received_at"))
        .to_owned()
}

fn leases() -> TableCreateStatement {
    Table::create()
        .table("leases")
        .col(string("name").primary_key())
        .col(string("holder"))
        .col(big_integer("until"))
        .to_owned()
}

fn providers() -> TableCreateStatement {
    Table::create()
        .table("providers")
        .col(string("name").primary_key())
        .col(string("kind"))
        .col(text_null("base_url"))
        .col(text_null("sealed_key"))
        .col(text("settings"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .to_owned()
}

fn projects() -> TableCreateStatement {
    Table::create()
        .table("projects")
        .col(string("id").primary_key())
        .col(text("name"))
        .col(text("metadata"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .to_owned()
}

fn feedback() -> TableCreateStatement {
    Table::create()
        .table("feedback")
        .col(string("id").primary_key())
        .col(string("request_id"))
        .col(double_null("score"))
        .col(text_null("comment"))
        .col(big_integer("at"))
        .col(text("actor"))
        .to_owned()
}

fn webhooks() -> TableCreateStatement {
    Table::create()
        .table("webhooks")
        .col(string("id").primary_key())
        .col(text("url"))
        .col(text_null("types"))
        .col(text("sealed_secret"))
        .col(boolean("active"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .to_owned()
}

fn deliveries() -> TableCreateStatement {
    Table::create()
        .table("deliveries")
        .col(string("id").primary_key())
        .col(string("webhook_id"))
        .col(string("event_id"))
        .col(string("state"))
        .col(integer("attempts"))
        .col(big_integer("next_at"))
        .col(integer_null("last_status"))
        .col(text_null("last_error"))
        .col(big_integer("updated_at"))
        .foreign_key(
            ForeignKey::create()
                .from("deliveries", "webhook_id")
                .to("webhooks", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create().from("deliveries", "event_id").to("events", "id").on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    let of = |name: &'static str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create().name(name).table(table).to_owned();
        for column in columns {
            index.col(*column);
        }
        index
    };
    vec![
        of("events_time", "events", &["time"]),
        of("audit_at", "audit", &["at"]),
        of("audit_kind", "audit", &["kind", "id"]),
        of("commands_received_at", "commands", &["received_at"]),
        of("feedback_request_id", "feedback", &["request_id"]),
        of("feedback_at", "feedback", &["at"]),
        of("api_keys_previous_hash", "api_keys", &["previous_hash"]),
        of("deliveries_due", "deliveries", &["state", "next_at"]),
        of("deliveries_event", "deliveries", &["event_id"]),
        // An event may be placed twice, and must be delivered once.
        of("deliveries_once", "deliveries", &["webhook_id", "event_id"]).unique().to_owned(),
    ]
}
