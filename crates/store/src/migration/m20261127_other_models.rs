//! What other models consumed of an attempt, and what its provider reported that is not accounted for.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // One at a time: SQLite adds one column in a statement.
        let twelve_hours =
            Table::alter().table("attempts").add_column(big_integer("cache_write_12h").default(0)).to_owned();
        manager.alter_table(twelve_hours).await?;
        for column in [text_null("other_models"), text_null("unaccounted")] {
            manager.alter_table(Table::alter().table("attempts").add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
