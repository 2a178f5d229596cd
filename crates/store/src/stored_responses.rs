//! Responses that Baton keeps itself.

use crate::StoreError;
use crate::database::Database;
use crate::entity::stored_response;
use crate::quota::StoredAmount;
use baton_model::entity::{Owner, StoredResponse};
use baton_model::{KeyId, ModelId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait, Func, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use std::sync::Arc;

/// Rows in one statement.
const ROWS: u64 = 500;

/// The kept responses.
#[derive(Debug, Clone, Copy)]
pub struct StoredResponseRepository<'s> {
    pub(crate) database: &'s Database,
}

impl StoredResponseRepository<'_> {
    /// Keeps one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if there is one of that id.
    pub async fn insert(self, kept: &StoredResponse) -> Result<(), StoreError> {
        let insert = stored_response::Entity::insert(stored_response::Model::from(kept).into_active_model());
        let rows = insert.on_conflict(crate::keep_existing()).exec_without_returning(self.database.writer()).await?;
        crate::inserted(rows, || format!("the response `{}` is stored already", kept.id))
    }

    /// How many somebody keeps, and how many bytes they have together.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn amount_of(self, owner: &Owner) -> Result<StoredAmount, StoreError> {
        let bytes = Func::coalesce([Func::sum(Expr::col(stored_response::Column::Bytes)).into(), Expr::value(0)]);
        let query = stored_response::Entity::find()
            .filter(stored_response::Column::Account.eq(owner.account()))
            .select_only()
            .column_as(stored_response::Column::Id.count(), "number")
            // Cast, because PostgreSQL would make it a decimal.
            .column_as(SimpleExpr::from(bytes).cast_as("bigint"), "bytes");
        let kept = query.into_tuple::<(i64, i64)>().one(self.database.writer()).await?.unwrap_or_default();
        let [number, bytes] = [kept.0, kept.1].map(|count| u64::try_from(count).unwrap_or(0));
        Ok(StoredAmount { number, bytes })
    }

    /// Forgets the oldest of somebody's until no more than `most` are left. How many went.
    ///
    /// # Errors
    ///
    /// Whatever keeps the database from writing; what was removed by then is gone.
    pub async fn shrink(self, owner: &Owner, most: StoredAmount) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let kept = self.amount_of(owner).await?;
            let (number, bytes) = (kept.number.saturating_sub(most.number), kept.bytes.saturating_sub(most.bytes));
            if number == 0 && bytes == 0 {
                return Ok(removed);
            }
            let oldest = stored_response::Entity::find()
                .filter(stored_response::Column::Account.eq(owner.account()))
                .order_by_asc(stored_response::Column::CreatedAt)
                .order_by_asc(stored_response::Column::Id)
                .select_only()
                .columns([stored_response::Column::Id])
                .column(stored_response::Column::Bytes)
                .limit(ROWS);
            let oldest = oldest.into_tuple::<(String, i64)>().all(self.database.writer()).await?;
            // One by one, because both bounds have to be met: many small ones, or a few large ones.
            let (mut ids, mut freed) = (Vec::new(), 0_u64);
            for (id, size) in oldest {
                if ids.len() as u64 >= number && freed >= bytes {
                    break;
                }
                freed = freed.saturating_add(u64::try_from(size).unwrap_or(0));
                ids.push(id);
            }
            // Nothing is left to remove, whatever the sum says: this must not go on for ever.
            if ids.is_empty() {
                return Ok(removed);
            }
            let these = stored_response::Entity::delete_many().filter(stored_response::Column::Id.is_in(ids));
            removed += these.exec(self.database.writer()).await?.rows_affected;
        }
    }

    /// The one of that id, if it has not expired by now.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn get(self, id: &str, now: Timestamp) -> Result<Option<StoredResponse>, StoreError> {
        // Asked here too, because what has expired is there until somebody removes it.
        let query = stored_response::Entity::find_by_id(id).filter(stored_response::Column::ExpiresAt.gte(now.0));
        Ok(query.one(self.database.reader()).await?.map(StoredResponse::from))
    }

    /// Forgets one. Does nothing if it is not there.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn delete(self, id: &str) -> Result<(), StoreError> {
        stored_response::Entity::delete_by_id(id).exec(self.database.writer()).await?;
        Ok(())
    }

    /// Forgets those that have expired by now.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
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
            account: owner.account(),
            bytes: crate::json::integer((input.len() + response.len()) as u64),
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
