//! Responses that Baton keeps itself.

use crate::StoreError;
use crate::database::Database;
use crate::entity::stored_response;
use baton_model::entity::{Owner, StoredResponse};
use baton_model::{KeyId, ModelId, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use std::sync::Arc;

/// The kept responses.
#[derive(Debug, Clone, Copy)]
pub struct StoredResponses<'s> {
    pub(crate) database: &'s Database,
}

impl StoredResponses<'_> {
    /// Keeps one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if there is one of that id.
    pub async fn insert(self, kept: &StoredResponse) -> Result<(), StoreError> {
        let insert = stored_response::Entity::insert(stored_response::Model::from(kept).into_active_model());
        let rows = insert.on_conflict(crate::keep()).exec_without_returning(self.database.writer()).await?;
        crate::inserted(rows, || format!("the response `{}` is kept already", kept.id))
    }

    /// The one of that id, if it has not expired by now.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn get(self, id: &str, now: Timestamp) -> Result<Option<StoredResponse>, StoreError> {
        let query = stored_response::Entity::find_by_id(id).filter(stored_response::Column::ExpiresAt.gte(now.0));
        Ok(query.one(self.database.reader()).await?.map(StoredResponse::from))
    }

    /// Forgets one. Does nothing if it is not there.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing.
    pub async fn delete(self, id: &str) -> Result<(), StoreError> {
        stored_response::Entity::delete_by_id(id).exec(self.database.writer()).await?;
        Ok(())
    }

    /// Forgets those that have expired by now.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing.
    pub async fn expire(self, now: Timestamp) -> Result<u64, StoreError> {
        let old = stored_response::Entity::delete_many().filter(stored_response::Column::ExpiresAt.lt(now.0));
        Ok(old.exec(self.database.writer()).await?.rows_affected)
    }
}

impl From<&StoredResponse> for stored_response::Model {
    fn from(kept: &StoredResponse) -> Self {
        let StoredResponse { id, owner, model, input, response, created_at, expires_at } = kept;
        let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        Self {
            id: id.clone(),
            key_id: owner.key.as_ref().map(KeyId::to_string),
            project: text(&owner.project),
            user_id: text(&owner.user),
            model: model.to_string(),
            input: input.clone(),
            response: response.clone(),
            created_at: created_at.0,
            expires_at: expires_at.0,
        }
    }
}

impl From<stored_response::Model> for StoredResponse {
    fn from(row: stored_response::Model) -> Self {
        Self {
            id: row.id,
            owner: Owner {
                key: row.key_id.map(KeyId::from),
                project: row.project.map(Arc::from),
                user: row.user_id.map(Arc::from),
            },
            model: ModelId::from(row.model),
            input: row.input,
            response: row.response,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
        }
    }
}
