//! Users for whom something is set. Others make requests without standing here.

use crate::StoreError;
use crate::entity::user;
use crate::scope::DatabaseScope;
use baton_model::{Timestamp, User};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};

/// The users.
#[derive(Debug, Clone, Copy)]
pub struct UserRepository<'s> {
    pub(crate) scope: DatabaseScope<'s>,
}

impl UserRepository<'_> {
    /// All of them, by id. One that can't be read is left out, with a warning.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn all(self) -> Result<Vec<User>, StoreError> {
        let rows = user::Entity::find().order_by_asc(user::Column::Id).all(&self.scope.reader()).await?;
        Ok(crate::readable(rows.iter().map(read)))
    }

    /// How many there are.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn count(self) -> Result<u64, StoreError> {
        Ok(user::Entity::find().count(&self.scope.reader()).await?)
    }

    /// The user of that id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn get(self, id: &str) -> Result<User, StoreError> {
        let row = user::Entity::find_by_id(id).one(&self.scope.reader()).await?;
        read(&row.ok_or_else(|| not_found(id))?)
    }

    /// Adds a user.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if its id is taken.
    pub async fn insert(self, user: &User) -> Result<(), StoreError> {
        let insert = user::Entity::insert(write(user).into_active_model());
        let inserted = insert.on_conflict(crate::keep_existing()).exec_without_returning(&self.scope.writer()).await?;
        crate::inserted(inserted, || format!("the user `{}` exists already", user.id))
    }

    /// Replaces a user, if it is still as it was at `seen` (its `updated_at` when it was read).
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] if someone else has changed it since.
    pub async fn update(self, user: &User, seen: Timestamp) -> Result<(), StoreError> {
        let updated = user::Entity::update_many()
            .set(write(user).into_active_model().reset_all())
            .filter(user::Column::Id.eq(user.id.as_str()))
            .filter(user::Column::UpdatedAt.eq(seen.0))
            .exec(&self.scope.writer())
            .await?;
        if updated.rows_affected > 0 {
            return Ok(());
        }
        // Nothing was updated: `get` says whether it is gone, else somebody was faster.
        self.get(&user.id).await?;
        Err(StoreError::conflict(format!("the user `{}` was changed at the same time", user.id)))
    }

    /// Removes what is set for a user. Its requests stay in the ledger.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delete(self, id: &str) -> Result<(), StoreError> {
        let deleted = user::Entity::delete_by_id(id).exec(&self.scope.writer()).await?;
        if deleted.rows_affected == 0 { Err(not_found(id)) } else { Ok(()) }
    }
}

fn not_found(id: &str) -> StoreError {
    StoreError::not_found(format!("user `{id}`"))
}

fn write(user: &User) -> user::Model {
    user::Model {
        id: user.id.clone(),
        // Texts, exact numbers, and JSON that was read before: it always serialises.
        body: serde_json::to_string(user).unwrap_or_default(),
        created_at: user.created_at.0,
        updated_at: user.updated_at.0,
    }
}

fn read(row: &user::Model) -> Result<User, StoreError> {
    serde_json::from_str(&row.body).map_err(|error| StoreError::corrupt(format!("a user (`{}`)", row.id), error))
}
