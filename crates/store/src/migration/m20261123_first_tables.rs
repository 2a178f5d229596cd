//! Models, keys, settings, and the ledger.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, string, string_null, text, text_null,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [models(), api_keys(), settings(), requests(), attempts()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn models() -> TableCreateStatement {
    Table::create()
        .table("models")
        .col(string("id").primary_key())
        .col(string("provider"))
        .col(string("upstream"))
        .col(text("capabilities"))
        .col(string("status"))
        .col(string_null("display_name"))
        .col(text_null("description"))
        .col(big_integer_null("max_tokens"))
        .col(big_integer_null("token_limit"))
        .col(text_null("price"))
        .col(text("fallbacks"))
        .col(text("configuration"))
        .col(text("metadata"))
        .col(text("quirks"))
        .col(string_null("tokenizer"))
        .col(string("source"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .to_owned()
}

fn api_keys() -> TableCreateStatement {
    Table::create()
        .table("api_keys")
        .col(string("id").primary_key())
        .col(string("name"))
        .col(string("prefix"))
        .col(string("hash").unique_key())
        .col(string("role"))
        .col(string_null("project"))
        .col(string_null("user"))
        .col(text_null("models"))
        .col(big_integer("created_at"))
        .col(big_integer_null("expires_at"))
        .col(big_integer_null("revoked_at"))
        .col(big_integer_null("last_used_at"))
        .to_owned()
}

fn settings() -> TableCreateStatement {
    Table::create().table("settings").col(string("name").primary_key()).col(text("value")).to_owned()
}

fn requests() -> TableCreateStatement {
    Table::create()
        .table("requests")
        .col(string("id").primary_key())
        .col(big_integer("arrived"))
        .col(big_integer("finished"))
        .col(big_integer_null("first_content"))
        .col(big_integer("latency"))
        .col(string("door"))
        .col(string("capability"))
        .col(boolean("stream"))
        .col(text("requested"))
        .col(string_null("served"))
        .col(string_null("provider"))
        .col(string_null("key_id"))
        .col(text_null("project"))
        .col(text_null("user"))
        .col(text_null("task"))
        .col(text("tags"))
        .col(text_null("metadata"))
        .col(string("outcome"))
        .col(integer("status"))
        .col(string_null("error_code"))
        .col(text_null("error_message"))
        .col(string("cache"))
        .col(big_integer_null("cost"))
        .col(boolean("estimated"))
        .to_owned()
}

fn attempts() -> TableCreateStatement {
    let mut table = Table::create()
        .table("attempts")
        .col(string("request_id"))
        .col(integer("number"))
        .col(string("model"))
        .col(string("provider"))
        .col(string("upstream"))
        .col(big_integer("started"))
        .col(big_integer("finished"))
        .col(string("outcome"))
        .col(string_null("error_kind"))
        .col(text_null("error_message"))
        .col(string("origin"))
        .col(boolean("estimated"))
        .col(string_null("service_tier"))
        .col(big_integer_null("cost"))
        .primary_key(Index::create().col("request_id").col("number"))
        .foreign_key(
            ForeignKey::create()
                .from("attempts", "request_id")
                .to("requests", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    for class in [
        "input",
        "cache_read",
        "cache_write",
        "cache_write_1h",
        "output",
        "reasoning",
        "audio_input",
        "audio_cache_read",
        "audio_output",
        "image_input",
        "image_output",
        "images",
        "audio_ms",
        "characters",
        "web_searches",
    ] {
        table.col(big_integer(class));
    }
    table
}

/// The list is by time, narrowed by one of the others; totals are over a range of time.
fn indexes() -> Vec<IndexCreateStatement> {
    let of = |column: &'static str| {
        Index::create().name(format!("requests_{column}")).table("requests").col(column).col("arrived").to_owned()
    };
    let by_time = Index::create().name("requests_arrived").table("requests").col("arrived").col("id").to_owned();
    [by_time].into_iter().chain(["served", "provider", "key_id", "project", "user"].map(of)).collect()
}
