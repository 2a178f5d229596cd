//! Requests name the client API that they came through in the column `api`, which was called `door`.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter().table("requests").rename_column("door", "api").to_owned();
        manager.alter_table(table).await
    }
}
