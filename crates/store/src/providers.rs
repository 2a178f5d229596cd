//! Registered providers.

use crate::StoreError;
use crate::entity::provider;
use crate::scope::DatabaseScope;
use baton_model::chat::Json;
use baton_model::{ProviderId, Timestamp};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};

/// A provider as it was registered.
#[derive(Clone, PartialEq, Eq)]
pub struct RegisteredProvider {
    /// Its name.
    pub name: ProviderId,
    /// The vendor or format: `openai`, `groq`.
    pub kind: String,
    /// Its address; `None`: that of its kind.
    pub base_url: Option<String>,
    /// Its key, encrypted by whoever wrote it.
    pub sealed_key: Option<String>,
    /// A JSON object.
    pub settings: Json,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The providers that the database keeps. Those of the configuration file are not among them.
#[derive(Debug, Clone, Copy)]
pub struct ProviderRepository<'s> {
    pub(crate) scope: DatabaseScope<'s>,
}

impl ProviderRepository<'_> {
    /// All of them, by name.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list(self) -> Result<Vec<RegisteredProvider>, StoreError> {
        let rows = provider::Entity::find().order_by_asc(provider::Column::Name).all(&self.scope.reader()).await?;
        Ok(rows.into_iter().map(RegisteredProvider::from).collect())
    }

    /// The provider of that name.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn get(self, name: &ProviderId) -> Result<RegisteredProvider, StoreError> {
        let row = provider::Entity::find_by_id(name.as_str()).one(&self.scope.reader()).await?;
        row.map(RegisteredProvider::from).ok_or_else(|| not_found(name))
    }

    /// Adds a provider.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if its name is taken.
    pub async fn insert(self, provider: &RegisteredProvider) -> Result<(), StoreError> {
        let insert = provider::Entity::insert(provider::Model::from(provider).into_active_model());
        let inserted = insert.on_conflict(crate::keep_existing()).exec_without_returning(&self.scope.writer()).await?;
        crate::inserted(inserted, || format!("the provider `{}` exists already", provider.name))
    }

    /// Replaces a provider, if it is still as it was at `seen` (its `updated_at` when it was read).
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] if someone else has changed it since.
    pub async fn update(self, provider: &RegisteredProvider, seen: Timestamp) -> Result<(), StoreError> {
        let updated = provider::Entity::update_many()
            .set(provider::Model::from(provider).into_active_model().reset_all())
            .filter(provider::Column::Name.eq(provider.name.as_str()))
            .filter(provider::Column::UpdatedAt.eq(seen.0))
            .exec(&self.scope.writer())
            .await?;
        if updated.rows_affected > 0 {
            return Ok(());
        }
        // Nothing was updated: `get` says whether it is gone, else somebody was faster.
        self.get(&provider.name).await?;
        Err(StoreError::conflict(format!("the provider `{}` was changed at the same time", provider.name)))
    }

    /// Removes a provider.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delete(self, name: &ProviderId) -> Result<(), StoreError> {
        let deleted = provider::Entity::delete_by_id(name.as_str()).exec(&self.scope.writer()).await?;
        if deleted.rows_affected == 0 { Err(not_found(name)) } else { Ok(()) }
    }
}

fn not_found(name: &ProviderId) -> StoreError {
    StoreError::not_found(format!("provider `{name}`"))
}

impl std::fmt::Debug for RegisteredProvider {
    /// Without the key, sealed as it is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisteredProvider")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("base_url", &self.base_url)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl From<&RegisteredProvider> for provider::Model {
    fn from(provider: &RegisteredProvider) -> Self {
        Self {
            name: provider.name.to_string(),
            kind: provider.kind.clone(),
            base_url: provider.base_url.clone(),
            sealed_key: provider.sealed_key.clone(),
            settings: provider.settings.0.clone(),
            created_at: provider.created_at.0,
            updated_at: provider.updated_at.0,
        }
    }
}

impl From<provider::Model> for RegisteredProvider {
    fn from(row: provider::Model) -> Self {
        Self {
            name: ProviderId::from(row.name),
            kind: row.kind,
            base_url: row.base_url,
            sealed_key: row.sealed_key,
            settings: Json(row.settings),
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        }
    }
}
