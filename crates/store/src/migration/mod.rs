//! The tables' history. A migration that was released is never changed: what comes later is a new one at the end.

mod m20261123_first_tables;
mod m20261124_shared_service;
mod m20261125_holdings;
mod m20261127_api_of_requests;
mod m20261127_events_of_requests;
mod m20261127_kept_responses;
mod m20261127_learned_counts;
mod m20261127_more_fields;
mod m20261127_more_of_projects;
mod m20261127_narrower_ledger;
mod m20261127_other_models;
mod m20261127_prices;
mod m20261127_upstream_request_ids;
mod m20261128_policies;
mod m20261128_strict_keys;
mod m20261128_users_and_charges;
mod m20261129_scopes_and_quotas;

use crate::{StoreError, connection};
use sea_orm::{DatabaseConnection, DatabaseExecutor, EntityName, EntityTrait, QueryOrder};
use sea_orm_migration::prelude::*;
use sea_orm_migration::seaql_migrations;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        // In the order in which they were added, which the dates in their names do not show. It must never change.
        vec![
            Box::new(m20261123_first_tables::Migration),
            Box::new(m20261124_shared_service::Migration),
            Box::new(m20261125_holdings::Migration),
            Box::new(m20261127_kept_responses::Migration),
            Box::new(m20261128_strict_keys::Migration),
            Box::new(m20261127_api_of_requests::Migration),
            Box::new(m20261127_more_fields::Migration),
            Box::new(m20261129_scopes_and_quotas::Migration),
            Box::new(m20261127_more_of_projects::Migration),
            Box::new(m20261127_upstream_request_ids::Migration),
            Box::new(m20261127_learned_counts::Migration),
            Box::new(m20261127_prices::Migration),
            Box::new(m20261127_other_models::Migration),
            Box::new(m20261127_events_of_requests::Migration),
            Box::new(m20261127_narrower_ledger::Migration),
            Box::new(m20261128_policies::Migration),
            Box::new(m20261128_users_and_charges::Migration),
        ]
    }
}

/// Runs the migrations that are still to come: all of them or none, and one process at a time. A process that is killed
/// meanwhile leaves what was there before.
pub(crate) async fn run(writer: &DatabaseConnection) -> Result<(), StoreError> {
    // Without a lock first: a user without the right to change tables, or a database that only reads, may go on with
    // tables that are as they should be.
    if is_done(writer).await? {
        return Ok(());
    }
    let transaction = connection::begin(writer).await?;
    connection::lock_tables(&transaction).await?;
    // Asked again under the lock: another process may have done it while this one waited.
    if Migrator::migrations().len() > applied((&transaction).into()).await? {
        Migrator::up(&transaction, None).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Whether there is nothing to come.
pub(crate) async fn is_done(database: &DatabaseConnection) -> Result<bool, StoreError> {
    // Numbers are enough, because `applied` has refused whatever is unknown.
    Ok(Migrator::migrations().len() == applied(database.into()).await?)
}

/// How many migrations have been run. Asks without making the table of them, which takes a right.
async fn applied(database: DatabaseExecutor<'_>) -> Result<usize, StoreError> {
    let applied = list_applied(database).await?;
    match find_unknown(&applied) {
        Some(migration) => Err(StoreError::Newer { migration: migration.to_owned() }),
        None => Ok(applied.len()),
    }
}

/// The names of the migrations that have been run, whether they are known or not.
pub(crate) async fn list_applied(database: DatabaseExecutor<'_>) -> Result<Vec<String>, StoreError> {
    let manager = SchemaManager::new(database);
    if !manager.has_table(seaql_migrations::Entity.table_name()).await? {
        return Ok(Vec::new());
    }
    let applied = seaql_migrations::Entity::find()
        .order_by_asc(seaql_migrations::Column::Version)
        .all(manager.get_connection())
        .await?;
    Ok(applied.into_iter().map(|row| row.version).collect())
}

/// The first of these migrations that this program does not know.
pub(crate) fn find_unknown(applied: &[String]) -> Option<&str> {
    let known = Migrator::migrations();
    applied.iter().find(|name| known.iter().all(|migration| migration.name() != *name)).map(String::as_str)
}
