//! What callers keep at providers: files, batches, responses.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, string, string_null, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(holdings()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn holdings() -> TableCreateStatement {
    Table::create()
        .table("holdings")
        .col(string("id").primary_key())
        .col(string("object"))
        .col(string("kind"))
        .col(string("provider"))
        .col(string_null("key_id"))
        .col(string_null("project"))
        .col(string_null("user_id"))
        .col(text_null("model"))
        .col(big_integer("created_at"))
        .col(big_integer_null("expires_at"))
        .to_owned()
}

/// Providers name what they keep, so two of them may use the same name.
fn indexes() -> Vec<IndexCreateStatement> {
    let of = |name: &'static str, columns: &[&'static str]| {
        let mut index = Index::create().name(name).table("holdings").to_owned();
        for column in columns {
            index.col(*column);
        }
        index
    };
    vec![
        of("holdings_object", &["object", "kind", "provider"]).unique().to_owned(),
        of("holdings_key", &["key_id", "kind", "id"]),
        of("holdings_project", &["project", "kind", "id"]),
        of("holdings_expires_at", &["expires_at"]),
    ]
}
