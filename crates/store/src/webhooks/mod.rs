//! Webhooks: services that are told of events over HTTP, and what is on its way to them.

pub(crate) mod deliveries;

pub use deliveries::{DeliveryFailure, DeliveryPage, DeliveryState, DueDelivery, WebhookDelivery};

use crate::entity::webhook;
use crate::scope::DatabaseScope;
use crate::{StoreError, json};
use baton_model::{EventKind, Timestamp, Webhook};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};

/// The fields that have a column; those without one are in `more`.
const COLUMNS: [&str; 6] = ["id", "url", "types", "active", "created_at", "updated_at"];

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
        query.all(&self.scope.reader()).await?.into_iter().map(read).collect()
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
        read(row.ok_or_else(|| not_found(id))?)
    }

    /// Adds a webhook.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if its id is taken.
    pub async fn insert(self, webhook: &Webhook) -> Result<(), StoreError> {
        let insert = webhook::Entity::insert(write(webhook).into_active_model());
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
            .set(write(webhook).into_active_model().reset_all())
            .filter(webhook::Column::Id.eq(webhook.id.as_str()))
            .filter(webhook::Column::UpdatedAt.eq(seen.0))
            .exec(&self.scope.writer())
            .await?;
        if updated.rows_affected > 0 {
            return Ok(());
        }
        // Nothing was updated: `get` says whether it is gone, else somebody was faster.
        self.get(&webhook.id).await?;
        Err(StoreError::conflict(format!("the webhook `{}` was changed at the same time", webhook.id)))
    }

    /// Removes a webhook, with all that is on its way to it.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delete(self, id: &str) -> Result<(), StoreError> {
        // Its deliveries go with it by their foreign key.
        let deleted = webhook::Entity::delete_by_id(id).exec(&self.scope.writer()).await?;
        if deleted.rows_affected == 0 { Err(not_found(id)) } else { Ok(()) }
    }
}

fn not_found(id: &str) -> StoreError {
    StoreError::not_found(format!("webhook `{id}`"))
}

fn write(webhook: &Webhook) -> webhook::Model {
    webhook::Model {
        id: webhook.id.clone(),
        url: webhook.url.clone(),
        types: webhook.types.as_ref().map(|types| json::names(types.iter().map(|kind| kind.name()))),
        sealed_secret: webhook.sealed_secret.clone(),
        active: webhook.active,
        created_at: webhook.created_at.0,
        updated_at: webhook.updated_at.0,
        more: json::more::write(webhook, &COLUMNS),
    }
}

fn read(row: webhook::Model) -> Result<Webhook, StoreError> {
    let what = format!("a webhook (`{}`)", row.id);
    let corrupt = |error: serde_json::Error| StoreError::corrupt(what.clone(), error);
    let types: Option<Vec<String>> = row.types.as_deref().map(serde_json::from_str).transpose().map_err(corrupt)?;
    let webhook = Webhook {
        // A kind that a newer node knows is none that this one sends. It must not stop the relay for all the others.
        types: types.map(|types| types.iter().filter_map(|name| EventKind::lookup(name)).collect()),
        sealed_secret: row.sealed_secret,
        active: row.active,
        created_at: Timestamp(row.created_at),
        updated_at: Timestamp(row.updated_at),
        ..Webhook::new(row.id, row.url)
    };
    json::more::read(webhook, &row.more).map_err(corrupt)
}
