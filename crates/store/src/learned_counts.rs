//! What was learned of how models count.

use crate::StoreError;
use crate::database::Database;
use crate::entity::learned_count::{Column, Entity, Model};
use baton_model::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};

/// The most rows that are read at once.
const ROWS: u64 = 5_000;

/// What was learned, one row for each key and model.
#[derive(Debug, Clone, Copy)]
pub struct LearnedCountRepository<'s> {
    pub(crate) database: &'s Database,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LearnedCount {
    /// Whose prompts for which model.
    pub id: String,
    /// What was learned.
    pub body: String,
    /// Rises with every change.
    pub revision: i64,
    /// When it was written.
    pub updated: Timestamp,
}

impl LearnedCountRepository<'_> {
    /// What was written at a time or later, the newest first; a bounded number.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn since(self, time: Timestamp) -> Result<Vec<LearnedCount>, StoreError> {
        let rows = Entity::find().filter(Column::UpdatedAt.gte(time.0)).order_by_desc(Column::UpdatedAt).limit(ROWS);
        Ok(rows.all(self.database.reader()).await?.into_iter().map(LearnedCount::from).collect())
    }

    /// The row of that id.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn get(self, id: &str) -> Result<Option<LearnedCount>, StoreError> {
        Ok(Entity::find_by_id(id).one(self.database.writer()).await?.map(LearnedCount::from))
    }

    /// Writes a row in place of one of the revision before, or a new one of revision 1. Whether it could: not if another
    /// node was faster.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn write(self, row: &LearnedCount) -> Result<bool, StoreError> {
        let written = if row.revision <= 1 {
            let insert = Entity::insert(Model::from(row).into_active_model()).on_conflict(crate::keep_existing());
            insert.exec_without_returning(self.database.writer()).await?
        } else {
            // One statement: between asking for the revision and writing, another node could write.
            let update = Entity::update_many()
                .col_expr(Column::Body, Expr::value(row.body.as_str()))
                .col_expr(Column::Revision, Expr::value(row.revision))
                .col_expr(Column::UpdatedAt, Expr::value(row.updated.0))
                .filter(Column::Id.eq(row.id.as_str()))
                .filter(Expr::col(Column::Revision).eq(row.revision - 1));
            update.exec(self.database.writer()).await?.rows_affected
        };
        Ok(written > 0)
    }

    /// Forgets what was last written before a time. How many rows.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn forget_before(self, time: Timestamp) -> Result<u64, StoreError> {
        let old = Entity::delete_many().filter(Column::UpdatedAt.lt(time.0));
        Ok(old.exec(self.database.writer()).await?.rows_affected)
    }
}

impl From<Model> for LearnedCount {
    fn from(row: Model) -> Self {
        Self { id: row.id, body: row.body, revision: row.revision, updated: Timestamp(row.updated_at) }
    }
}

impl From<&LearnedCount> for Model {
    fn from(row: &LearnedCount) -> Self {
        Self { id: row.id.clone(), body: row.body.clone(), revision: row.revision, updated_at: row.updated.0 }
    }
}
