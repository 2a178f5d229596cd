//! The tables' history. A migration that was released is never changed: what comes later is a new one at the end.

mod m20261123_first_tables;

use crate::StoreError;
use sea_orm::DatabaseConnection;
use sea_orm_migration::prelude::*;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m20261123_first_tables::Migration)]
    }
}

/// Runs the migrations that are still to come.
pub(crate) async fn run(writer: &DatabaseConnection) -> Result<(), StoreError> {
    let known = Migrator::migrations();
    let applied = Migrator::get_migration_models(writer).await?;
    if let Some(newer) = applied.iter().find(|row| known.iter().all(|migration| migration.name() != row.version)) {
        return Err(StoreError::Newer { migration: newer.version.clone() });
    }
    Migrator::up(writer, None).await?;
    Ok(())
}
