//! Puts events into the outbox.

use crate::StoreError;
use crate::entity::event;
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};

/// Rows in one statement.
pub(super) const ROWS: usize = 500;

/// Puts events into the outbox; one that is there already stays as it is.
pub(crate) async fn insert(database: &impl ConnectionTrait, rows: Vec<event::Model>) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    event::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
        .on_conflict(crate::keep_existing())
        .exec_without_returning(database)
        .await?;
    Ok(())
}
