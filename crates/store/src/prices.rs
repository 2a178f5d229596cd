//! Prices that the operator has set.

use crate::StoreError;
use crate::entity::price;
use crate::scope::DatabaseScope;
use baton_model::Timestamp;
use baton_model::entity::PriceOverride;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};

/// The prices that the operator has set.
#[derive(Debug, Clone, Copy)]
pub struct PriceRepository<'s> {
    pub(crate) scope: DatabaseScope<'s>,
}

impl PriceRepository<'_> {
    /// All of them, by id. One that can't be read is left out, with a warning: the others are in force all the same.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list(self) -> Result<Vec<PriceOverride>, StoreError> {
        let rows = price::Entity::find().order_by_asc(price::Column::Id).all(&self.scope.reader()).await?;
        Ok(crate::readable(rows.into_iter().map(read)))
    }

    /// How many there are.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn count(self) -> Result<u64, StoreError> {
        Ok(price::Entity::find().count(&self.scope.reader()).await?)
    }

    /// The one of that id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn get(self, id: &str) -> Result<PriceOverride, StoreError> {
        let row = price::Entity::find_by_id(id).one(&self.scope.reader()).await?;
        read(row.ok_or_else(|| not_found(id))?)
    }

    /// Adds one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if its id is taken.
    pub async fn insert(self, price: &PriceOverride) -> Result<(), StoreError> {
        let insert = price::Entity::insert(write(price).into_active_model());
        let inserted = insert.on_conflict(crate::keep_existing()).exec_without_returning(&self.scope.writer()).await?;
        crate::inserted(inserted, || format!("the price `{}` exists already", price.price_id))
    }

    /// Replaces one, if it is still as it was at `seen` (its `updated_at` when it was read).
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] if someone else has changed it since.
    pub async fn update(self, price: &PriceOverride, seen: Timestamp) -> Result<(), StoreError> {
        let updated = price::Entity::update_many()
            .set(write(price).into_active_model().reset_all())
            .filter(price::Column::Id.eq(price.price_id.as_str()))
            .filter(price::Column::UpdatedAt.eq(seen.0))
            .exec(&self.scope.writer())
            .await?;
        if updated.rows_affected > 0 {
            return Ok(());
        }
        // Nothing was updated: `get` says whether it is gone, else somebody was faster.
        self.get(&price.price_id).await?;
        Err(StoreError::conflict(format!("the price `{}` was changed at the same time", price.price_id)))
    }

    /// Removes one.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delete(self, id: &str) -> Result<(), StoreError> {
        let deleted = price::Entity::delete_by_id(id).exec(&self.scope.writer()).await?;
        if deleted.rows_affected == 0 { Err(not_found(id)) } else { Ok(()) }
    }
}

fn not_found(id: &str) -> StoreError {
    StoreError::not_found(format!("price `{id}`"))
}

fn write(price: &PriceOverride) -> price::Model {
    price::Model {
        id: price.price_id.clone(),
        provider: price.provider.clone(),
        model: price.model.clone(),
        // Texts and exact numbers always serialise.
        body: serde_json::to_string(price).unwrap_or_default(),
        created_at: price.created_at.0,
        updated_at: price.updated_at.0,
    }
}

fn read(row: price::Model) -> Result<PriceOverride, StoreError> {
    let what = format!("a price (`{}`)", row.id);
    serde_json::from_str(&row.body).map_err(|error| StoreError::corrupt(what, error))
}
