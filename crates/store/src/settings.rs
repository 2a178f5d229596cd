//! Small values of the service's own, by name.

use crate::StoreError;
use crate::entity::setting;
use crate::scope::DatabaseScope;
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, Set};

/// Small values of the service's own: the marker of the bootstrap key, the pepper of key hashes.
#[derive(Debug, Clone, Copy)]
pub struct SettingRepository<'s> {
    pub(crate) scope: DatabaseScope<'s>,
}

impl SettingRepository<'_> {
    /// The value of that name.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn lookup(self, name: &str) -> Result<Option<String>, StoreError> {
        let row = setting::Entity::find_by_id(name).one(&self.scope.reader()).await?;
        Ok(row.map(|row| row.value))
    }

    /// Sets a value, whatever it was.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn set(self, name: &str, value: &str) -> Result<(), StoreError> {
        let replace = OnConflict::column(setting::Column::Name).update_column(setting::Column::Value).to_owned();
        self.insert(name, value, replace).await
    }

    /// Sets a value unless it has one, and returns the one that holds. Of several processes that start at once, one
    /// wins and all see its value.
    ///
    /// # Errors
    ///
    /// If the database can't be written to.
    pub async fn get_or_set(self, name: &str, value: &str) -> Result<String, StoreError> {
        let keep = OnConflict::column(setting::Column::Name).do_nothing().to_owned();
        self.insert(name, value, keep).await?;
        // Read back, because another process may have been first.
        let row = setting::Entity::find_by_id(name).one(&self.scope.writer()).await?;
        row.map(|row| row.value).ok_or_else(|| StoreError::not_found(format!("setting `{name}`")))
    }

    async fn insert(self, name: &str, value: &str, conflict: OnConflict) -> Result<(), StoreError> {
        let row = setting::ActiveModel { name: Set(name.to_owned()), value: Set(value.to_owned()) };
        setting::Entity::insert(row).on_conflict(conflict).exec_without_returning(&self.scope.writer()).await?;
        Ok(())
    }
}
