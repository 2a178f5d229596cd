//! Keys whose requests are refused where something in them can't be said to the model.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::boolean;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let strict = Table::alter().table("api_keys").add_column(boolean("strict").default(false)).to_owned();
        manager.alter_table(strict).await
    }
}
