//! Webhooks: services that are told of events over HTTP, and what is on its way to them.

pub(crate) mod deliveries;

pub use deliveries::{DeliveryFailure, DeliveryPage, DeliveryState, DueDelivery, WebhookDelivery};

use crate::entity::webhook;
use crate::scope::DatabaseScope;
use crate::{StoreError, json};
use baton_model::{EventKind, Timestamp};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};

/// A service that is told of events.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// Where it is told.
    pub url: String,
    /// Of what; `None`: of everything.
    pub types: Option<Vec<EventKind>>,
    /// What messages are signed with, encrypted by whoever wrote it.
    pub sealed_secret: String,
    /// Whether it is told now. While it is not, events pass it by.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Webhook {
    /// Whether it is told of events of that type.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.active && self.types.as_ref().is_none_or(|types| types.contains(&kind))
    }
}

/// The webhooks.
#[derive(Debug, Clone, Copy)]
pub struct WebhookRepository<'s> {
    pub(crate) scope: DatabaseScope<'s>,
}

impl WebhookRepository<'_> {
    /// All of them, oldest first.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list(self) -> Result<Vec<Webhook>, StoreError> {
        let query = webhook::Entity::find().order_by_asc(webhook::Column::CreatedAt).order_by_asc(webhook::Column::Id);
        query.all(&self.scope.reader()).await?.into_iter().map(Webhook::try_from).collect()
    }

    /// How many there are.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn count(self) -> Result<u64, StoreError> {
        Ok(webhook::Entity::find().count(&self.scope.reader()).await?)
    }

    /// The webhook of that id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn get(self, id: &str) -> Result<Webhook, StoreError> {
        let row = webhook::Entity::find_by_id(id).one(&self.scope.reader()).await?;
        row.ok_or_else(|| not_found(id))?.try_into()
    }

    /// Adds a webhook.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if its id is taken.
    pub async fn insert(self, webhook: &Webhook) -> Result<(), StoreError> {
        let insert = webhook::Entity::insert(webhook::Model::from(webhook).into_active_model());
        let inserted = insert.on_conflict(crate::keep_existing()).exec_without_returning(&self.scope.writer()).await?;
        crate::inserted(inserted, || format!("the webhook `{}` exists already", webhook.id))
    }

    /// Replaces a webhook, if it is still as it was at `seen` (its `updated_at` when it was read).
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] if someone else has changed it since.
    pub async fn update(self, webhook: &Webhook, seen: Timestamp) -> Result<(), StoreError> {
        let updated = webhook::Entity::update_many()
            .set(webhook::Model::from(webhook).into_active_model().reset_all())
            .filter(webhook::Column::Id.eq(webhook.id.as_str()))
            .filter(webhook::Column::UpdatedAt.eq(seen.0))
            .exec(&self.scope.writer())
            .await?;
        if updated.rows_affected > 0 {
            return Ok(());
        }
        self.get(&webhook.id).await?;
        Err(StoreError::conflict(format!("the webhook `{}` was changed at the same time", webhook.id)))
    }

    /// Removes a webhook, with all that is on its way to it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delete(self, id: &str) -> Result<(), StoreError> {
        let deleted = webhook::Entity::delete_by_id(id).exec(&self.scope.writer()).await?;
        if deleted.rows_affected == 0 { Err(not_found(id)) } else { Ok(()) }
    }
}

fn not_found(id: &str) -> StoreError {
    StoreError::not_found(format!("webhook `{id}`"))
}

impl std::fmt::Debug for Webhook {
    /// Without the secret, sealed as it is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("id", &self.id)
            .field("url", &self.url)
            .field("types", &self.types)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

impl From<&Webhook> for webhook::Model {
    fn from(webhook: &Webhook) -> Self {
        Self {
            id: webhook.id.clone(),
            url: webhook.url.clone(),
            types: webhook.types.as_ref().map(|types| json::names(types.iter().map(|kind| kind.name()))),
            sealed_secret: webhook.sealed_secret.clone(),
            active: webhook.active,
            created_at: webhook.created_at.0,
            updated_at: webhook.updated_at.0,
        }
    }
}

impl TryFrom<webhook::Model> for Webhook {
    type Error = StoreError;

    fn try_from(row: webhook::Model) -> Result<Self, StoreError> {
        let corrupt = |reason: String| StoreError::corrupt(format!("a webhook (`{}`)", row.id), reason);
        let kind = |name: &String| EventKind::lookup(name).ok_or_else(|| corrupt(format!("a type is `{name}`")));
        let types =
            row.types.as_deref().map(json::read_names).transpose().map_err(|error| corrupt(error.to_string()))?;
        Ok(Self {
            types: types.map(|types| types.iter().map(kind).collect()).transpose()?,
            id: row.id,
            url: row.url,
            sealed_secret: row.sealed_secret,
            active: row.active,
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
        })
    }
}
