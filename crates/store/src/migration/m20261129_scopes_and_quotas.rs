//! Who may see what, and how much a key may keep: events and entries of the audit log name their project, what a key
//! keeps counts against its account. And queries of providers, in which some vendors take keys, go from the audit log
//! and the events.

use crate::connection;
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string, string_null};
use serde_json::Value;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            ("events", string_null("project")),
            ("audit", string_null("project")),
            // With a default for a moment, because SQLite adds no NOT NULL column without one; the rows get theirs
            // below.
            ("kept_responses", string("account").default("").to_owned()),
            ("kept_responses", big_integer("bytes").default(0).to_owned()),
            ("holdings", string("account").default("").to_owned()),
        ];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        let database = manager.get_connection();
        for table in ["kept_responses", "holdings"] {
            database.execute_unprepared(&accounts_of(table)).await?;
        }
        database
            .execute_unprepared("UPDATE kept_responses SET bytes = OCTET_LENGTH(input) + OCTET_LENGTH(response)")
            .await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        mask_queries(database).await
    }
}

/// The same as `Owner::account` says.
fn accounts_of(table: &str) -> String {
    format!(
        "UPDATE {table} SET account = CASE WHEN key_id IS NOT NULL THEN 'key:' || key_id \
         WHEN user_id IS NOT NULL THEN 'user:' || user_id \
         WHEN project IS NOT NULL THEN 'project:' || project ELSE '' END"
    )
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
        of("events_project", "events", &["project", "position"]),
        of("audit_project", "audit", &["project", "id"]),
        of("kept_responses_account", "kept_responses", &["account", "created_at", "id", "bytes"]),
        of("holdings_account", "holdings", &["account", "kind", "id"]),
        of("feedback_actor", "feedback", &["actor", "at"]),
    ]
}

/// Puts the names of its parameters in the place of each query.
async fn mask_queries(database: &impl ConnectionTrait) -> Result<(), DbErr> {
    let backend = database.get_database_backend();
    let ask = |sql: &str| Statement::from_string(backend, sql);
    let events = ask("SELECT id, data FROM events WHERE kind LIKE 'provider.%'");
    for row in database.query_all_raw(events).await? {
        if let Some(data) = masked(&row, "data")? {
            set(database, "UPDATE events SET data = $1 WHERE id = $2", [Some(data), Some(row.try_get("", "id")?)])
                .await?;
        }
    }
    let entries = ask("SELECT id, \"before\", \"after\" FROM audit WHERE kind = 'provider'");
    let mut changed = Vec::new();
    for row in database.query_all_raw(entries).await? {
        let (before, after) = (masked(&row, "before")?, masked(&row, "after")?);
        if before.is_some() || after.is_some() {
            changed.push([before, after, Some(row.try_get::<String>("", "id")?)]);
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    // The one change that the log has ever had: what it should never have held goes.
    connection::allow_changes(database, "audit").await?;
    for entry in changed {
        let sql =
            r#"UPDATE audit SET "before" = COALESCE($1, "before"), "after" = COALESCE($2, "after") WHERE id = $3"#;
        set(database, sql, entry).await?;
    }
    connection::refuse_changes(database, "audit").await
}

/// The JSON of a column with its query masked; `None` if there is none.
fn masked(row: &QueryResult, column: &str) -> Result<Option<String>, DbErr> {
    let Some(text) = row.try_get::<Option<String>>("", column)? else { return Ok(None) };
    // What is no JSON has no query to mask, and must not keep a node from starting.
    let Ok(mut json) = serde_json::from_str::<Value>(&text) else { return Ok(None) };
    let Some(query) = json.get_mut("query").filter(|query| query.is_string()) else { return Ok(None) };
    let pairs = query.as_str().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let names: Value = pairs.map(|pair| pair.split_once('=').map_or("…", |(name, _)| name)).collect();
    *query = names;
    Ok(Some(json.to_string()))
}

async fn set<const N: usize>(
    database: &impl ConnectionTrait,
    sql: &str,
    values: [Option<String>; N],
) -> Result<(), DbErr> {
    let values = values.map(sea_orm::Value::from);
    let statement = Statement::from_sql_and_values(database.get_database_backend(), sql, values);
    database.execute_raw(statement).await.map(drop)
}
