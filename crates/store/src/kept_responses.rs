//! Responses that Baton keeps itself.

use crate::entity::kept_response;
use crate::{Store, StoreError};
use baton_model::entity::{KeptResponse, Owner};
use baton_model::{KeyId, ModelId, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use std::sync::Arc;

/// The kept responses.
#[derive(Debug, Clone, Copy)]
pub struct KeptResponses<'s> {
    pub(crate) store: &'s Store,
}

impl KeptResponses<'_> {
    /// Keeps one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if there is one of that id.
    pub async fn insert(self, kept: &KeptResponse) -> Result<(), StoreError> {
        let insert = kept_response::Entity::insert(kept_response::Model::from(kept).into_active_model());
        let rows = insert.on_conflict(crate::keep()).exec_without_returning(self.store.writer()).await?;
        crate::inserted(rows, || format!("the response `{}` is kept already", kept.id))
    }

    /// The one of that id, if it has not expired by now.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from answering.
    pub async fn get(self, id: &str, now: Timestamp) -> Result<Option<KeptResponse>, StoreError> {
        let query = kept_response::Entity::find_by_id(id).filter(kept_response::Column::ExpiresAt.gte(now.0));
        Ok(query.one(self.store.reader()).await?.map(KeptResponse::from))
    }

    /// Forgets one. Does nothing if it is not there.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing.
    pub async fn delete(self, id: &str) -> Result<(), StoreError> {
        kept_response::Entity::delete_by_id(id).exec(self.store.writer()).await?;
        Ok(())
    }

    /// Forgets those that have expired by now.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing.
    pub async fn expire(self, now: Timestamp) -> Result<u64, StoreError> {
        let old = kept_response::Entity::delete_many().filter(kept_response::Column::ExpiresAt.lt(now.0));
        Ok(old.exec(self.store.writer()).await?.rows_affected)
    }
}

impl From<&KeptResponse> for kept_response::Model {
    fn from(kept: &KeptResponse) -> Self {
        let KeptResponse { id, owner, model, input, response, created_at, expires_at } = kept;
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

impl From<kept_response::Model> for KeptResponse {
    fn from(row: kept_response::Model) -> Self {
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
