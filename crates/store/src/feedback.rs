//! Feedback: what somebody said a reply was worth.

use crate::StoreError;
use crate::entity::feedback;
use crate::scope::DatabaseScope;
use baton_model::{RequestId, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;

/// The most feedback that is shown of one reply.
const SHOWN: u64 = 100;

/// Feedback that somebody gave on a reply.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = FeedbackView)]
pub struct FeedbackEntry {
    /// Its id, a UUIDv7.
    pub id: String,
    /// The request.
    #[serde(rename = "request_id")]
    #[schema(value_type = String)]
    pub request: RequestId,
    /// From -1 (bad) to 1 (good); null if only a comment was given.
    pub score: Option<f64>,
    /// In words.
    pub comment: Option<String>,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Who, as in the audit log.
    pub actor: String,
}

/// The feedback.
#[derive(Debug, Clone, Copy)]
pub struct FeedbackRepository<'s> {
    pub(crate) scope: DatabaseScope<'s>,
}

impl FeedbackRepository<'_> {
    /// Adds an entry. Whether its request is known is not asked: the ledger may be behind.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if its id is taken.
    pub async fn insert(self, entry: &FeedbackEntry) -> Result<(), StoreError> {
        let row = feedback::Model {
            id: entry.id.clone(),
            request_id: entry.request.to_string(),
            score: entry.score,
            comment: entry.comment.clone(),
            at: entry.at.0,
            actor: entry.actor.clone(),
        };
        let insert = feedback::Entity::insert(row.into_active_model());
        let inserted = insert.on_conflict(crate::keep_existing()).exec_without_returning(&self.scope.writer()).await?;
        crate::inserted(inserted, || format!("the feedback `{}` exists already", entry.id))
    }

    /// How much somebody has said since a moment.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn count(self, actor: &str, since: Timestamp) -> Result<u64, StoreError> {
        let query = feedback::Entity::find()
            .filter(feedback::Column::Actor.eq(actor))
            .filter(feedback::Column::At.gte(since.0));
        Ok(query.count(&self.scope.reader()).await?)
    }

    /// The feedback on one reply, oldest first; the newest hundred.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list_for(self, request: &RequestId) -> Result<Vec<FeedbackEntry>, StoreError> {
        let query = feedback::Entity::find()
            .filter(feedback::Column::RequestId.eq(request.as_str()))
            // Newest first here, so that the limit cuts off the oldest.
            .order_by_desc(feedback::Column::At)
            .order_by_desc(feedback::Column::Id)
            .limit(SHOWN);
        Ok(query.all(&self.scope.reader()).await?.into_iter().rev().map(FeedbackEntry::from).collect())
    }
}

impl From<feedback::Model> for FeedbackEntry {
    fn from(row: feedback::Model) -> Self {
        Self {
            id: row.id,
            request: RequestId::from(row.request_id),
            score: row.score,
            comment: row.comment,
            at: Timestamp(row.at),
            actor: row.actor,
        }
    }
}
