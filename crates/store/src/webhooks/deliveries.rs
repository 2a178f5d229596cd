//! Events on their way to webhooks.

use super::{WebhookRepository, read};
use crate::StoreError;
use crate::entity::{delivery, event, webhook};
use crate::stored_event::StoredEvent;
use baton_model::{Timestamp, Webhook};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Serialize, Serializer};
use std::collections::HashMap;
use utoipa::ToSchema;

/// Rows in one statement.
const ROWS: usize = 500;

/// How far a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It is (again) to be tried.
    Pending,
    /// The webhook has accepted it.
    Delivered,
    /// It was given up.
    Dead,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// The state of that word.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl Serialize for DeliveryState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// An event on its way to a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DeliveryView)]
pub struct WebhookDelivery {
    /// Its id, a UUIDv7.
    pub id: String,
    /// The webhook.
    #[serde(rename = "webhook_id")]
    pub webhook: String,
    /// The event.
    #[serde(rename = "event_id")]
    pub event: String,
    /// `pending`, `delivered` or `dead` (given up).
    #[schema(value_type = String, example = "dead")]
    pub state: DeliveryState,
    /// The number of attempts.
    pub attempts: u32,
    /// When it is tried next; null: it is not.
    #[schema(value_type = Option<String>)]
    pub next_at: Option<Timestamp>,
    /// The HTTP status of the last reply; null: there was none.
    pub last_status: Option<u16>,
    /// The last error.
    pub last_error: Option<String>,
    /// When it happened.
    #[schema(value_type = String)]
    pub updated_at: Timestamp,
}

/// A delivery to be tried now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDelivery {
    /// The delivery.
    pub delivery: WebhookDelivery,
    /// To whom.
    pub webhook: Webhook,
    /// What.
    pub event: StoredEvent,
}

/// A try that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFailure {
    /// The HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// What went wrong, in a sentence.
    pub error: String,
    /// When it is tried again; `None`: it is given up.
    pub next: Option<Timestamp>,
}

/// One page of deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPage {
    /// The deliveries, newest first.
    pub items: Vec<WebhookDelivery>,
    /// The `cursor` of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl WebhookRepository<'_> {
    /// What is to be tried by now, oldest first, to webhooks that are active; but nothing to those in `except` (by
    /// their ids), so that one that is slow does not hide the others.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list_due(self, now: Timestamp, except: &[&str], limit: u64) -> Result<Vec<DueDelivery>, StoreError> {
        // Not the reader: it may be a connection that is behind, and show what was delivered already.
        let writer = self.scope.writer();
        // Webhooks first: deliveries to those that are not active must not fill the batch.
        let wanted = webhook::Entity::find()
            .filter(webhook::Column::Active.eq(true))
            .filter(webhook::Column::Id.is_not_in(except.iter().copied()));
        let webhooks = wanted.all(&writer).await?;
        if webhooks.is_empty() {
            return Ok(Vec::new());
        }
        let webhooks = webhooks.into_iter().map(|row| read(row).map(|webhook| (webhook.id.clone(), webhook)));
        let webhooks = webhooks.collect::<Result<HashMap<_, _>, _>>()?;
        let rows = delivery::Entity::find()
            .filter(delivery::Column::State.eq(DeliveryState::Pending.name()))
            .filter(delivery::Column::NextAt.lte(now.0))
            .filter(delivery::Column::WebhookId.is_in(webhooks.keys().map(String::as_str)))
            .order_by_asc(delivery::Column::NextAt)
            .order_by_asc(delivery::Column::Id)
            .limit(Ord::min(limit, ROWS as u64))
            .all(&writer)
            .await?;
        let ids = rows.iter().map(|row| row.event_id.as_str());
        let events = event::Entity::find().filter(event::Column::Id.is_in(ids)).all(&writer).await?;
        let events = events.into_iter().map(|row| (row.id.clone(), row)).collect::<HashMap<_, _>>();
        rows.into_iter()
            // An event that has expired between the two questions is left out; its delivery goes with it.
            .filter_map(|row| {
                let (webhook, event) = (webhooks.get(&row.webhook_id)?, events.get(&row.event_id)?);
                Some((row, webhook.clone(), event.clone()))
            })
            .map(|(row, webhook, event)| {
                Ok(DueDelivery { delivery: row.try_into()?, webhook, event: event.try_into()? })
            })
            .collect()
    }

    /// Notes that the webhook has accepted a delivery.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn mark_delivered(self, id: &str, status: u16, now: Timestamp) -> Result<(), StoreError> {
        let columns = [
            (delivery::Column::State, Expr::value(DeliveryState::Delivered.name())),
            (delivery::Column::LastStatus, Expr::value(i32::from(status))),
            // An error of an earlier try would look like one of this.
            (delivery::Column::LastError, Expr::value(None::<String>)),
        ];
        self.update_delivery(id, columns, now).await
    }

    /// Notes that a try has failed.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn mark_failed(self, id: &str, failure: &DeliveryFailure, now: Timestamp) -> Result<(), StoreError> {
        let state = if failure.next.is_some() { DeliveryState::Pending } else { DeliveryState::Dead };
        let columns = [
            (delivery::Column::State, Expr::value(state.name())),
            (delivery::Column::LastStatus, Expr::value(failure.status.map(i32::from))),
            (delivery::Column::LastError, Expr::value(failure.error.as_str())),
            // Of one that is given up it means nothing, and the column takes no NULL.
            (delivery::Column::NextAt, Expr::value(failure.next.unwrap_or(now).0)),
        ];
        self.update_delivery(id, columns, now).await
    }

    async fn update_delivery(
        self,
        id: &str,
        columns: impl IntoIterator<Item = (delivery::Column, Expr)>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // Counted by the database, so that two nodes that try at once lose no attempt.
        let attempts = Expr::col(delivery::Column::Attempts).add(1);
        let mut update = delivery::Entity::update_many()
            .col_expr(delivery::Column::Attempts, attempts)
            .col_expr(delivery::Column::UpdatedAt, Expr::value(now.0))
            .filter(delivery::Column::Id.eq(id));
        for (column, value) in columns {
            update = update.col_expr(column, value);
        }
        let updated = update.exec(&self.scope.writer()).await?;
        if updated.rows_affected == 0 { Err(not_found(id)) } else { Ok(()) }
    }

    /// One page of deliveries, newest first; to one webhook and in one state, where they are named.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn deliveries(
        self,
        webhook: Option<&str>,
        state: Option<DeliveryState>,
        cursor: Option<&str>,
        limit: u64,
    ) -> Result<DeliveryPage, StoreError> {
        let limit = limit.clamp(1, 1_000);
        let condition = Condition::all()
            .add_option(webhook.map(|webhook| delivery::Column::WebhookId.eq(webhook)))
            .add_option(state.map(|state| delivery::Column::State.eq(state.name())))
            .add_option(cursor.map(|cursor| delivery::Column::Id.lt(cursor)));
        let query = delivery::Entity::find().filter(condition).order_by_desc(delivery::Column::Id).limit(limit + 1);
        let rows = query.all(&self.scope.reader()).await?;
        let (rows, next) = crate::page(rows, limit, |row| row.id.clone());
        Ok(DeliveryPage { items: rows.into_iter().map(WebhookDelivery::try_from).collect::<Result<_, _>>()?, next })
    }

    /// One delivery.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn delivery(self, id: &str) -> Result<WebhookDelivery, StoreError> {
        let row = delivery::Entity::find_by_id(id).one(&self.scope.reader()).await?;
        row.ok_or_else(|| not_found(id))?.try_into()
    }

    /// Has a delivery tried again at once, whatever its state, with as many tries as a new one has.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`].
    pub async fn redeliver(self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let updated = delivery::Entity::update_many()
            .col_expr(delivery::Column::State, Expr::value(DeliveryState::Pending.name()))
            .col_expr(delivery::Column::Attempts, Expr::value(0))
            .col_expr(delivery::Column::NextAt, Expr::value(now.0))
            .col_expr(delivery::Column::UpdatedAt, Expr::value(now.0))
            .filter(delivery::Column::Id.eq(id))
            .exec(&self.scope.writer())
            .await?;
        if updated.rows_affected == 0 { Err(not_found(id)) } else { Ok(()) }
    }
}

/// Those that get the events that are placed now. A webhook that is switched off never gets them, not even later.
pub(crate) async fn active_webhooks(transaction: &DatabaseTransaction) -> Result<Vec<Webhook>, StoreError> {
    let webhooks = webhook::Entity::find().filter(webhook::Column::Active.eq(true)).all(transaction).await?;
    webhooks.into_iter().map(read).collect()
}

/// Makes a delivery of each event for every one of these webhooks that wants it.
pub(crate) async fn create_deliveries(
    transaction: &DatabaseTransaction,
    webhooks: &[Webhook],
    events: &[StoredEvent],
    now: Timestamp,
) -> Result<(), StoreError> {
    let wanted = events.iter().flat_map(|event| {
        webhooks.iter().filter(|webhook| webhook.wants(event.kind)).map(|webhook| new(webhook, event, now))
    });
    let rows = wanted.map(IntoActiveModel::into_active_model).collect::<Vec<_>>();
    for rows in rows.chunks(ROWS) {
        // The index `deliveries_once` allows one for each webhook and event, however often an event is placed.
        let insert = delivery::Entity::insert_many(rows.to_vec()).on_conflict(crate::keep_existing());
        insert.exec_without_returning(transaction).await?;
    }
    Ok(())
}

/// The events that an active webhook still waits for.
pub(crate) fn pending_events() -> SelectStatement {
    let webhook = Expr::col((webhook::Entity, webhook::Column::Id));
    Query::select()
        .column((delivery::Entity, delivery::Column::EventId))
        .from(delivery::Entity)
        .inner_join(webhook::Entity, webhook.equals((delivery::Entity, delivery::Column::WebhookId)))
        // One that is switched off holds nothing back, or its events would be kept for ever.
        .and_where(webhook::Column::Active.eq(true))
        .and_where(delivery::Column::State.eq(DeliveryState::Pending.name()))
        .to_owned()
}

fn new(webhook: &Webhook, event: &StoredEvent, now: Timestamp) -> delivery::Model {
    delivery::Model {
        id: crate::new_id(),
        webhook_id: webhook.id.clone(),
        event_id: event.id.clone(),
        state: DeliveryState::Pending.name().to_owned(),
        attempts: 0,
        next_at: now.0,
        last_status: None,
        last_error: None,
        updated_at: now.0,
    }
}

fn not_found(id: &str) -> StoreError {
    StoreError::not_found(format!("delivery `{id}`"))
}

impl TryFrom<delivery::Model> for WebhookDelivery {
    type Error = StoreError;

    fn try_from(row: delivery::Model) -> Result<Self, StoreError> {
        let corrupt = |reason: String| StoreError::corrupt(format!("a delivery (`{}`)", row.id), reason);
        let state =
            DeliveryState::lookup(&row.state).ok_or_else(|| corrupt(format!("its state is `{}`", row.state)))?;
        Ok(Self {
            attempts: u32::try_from(row.attempts).map_err(|error| corrupt(error.to_string()))?,
            last_status: row.last_status.and_then(|status| u16::try_from(status).ok()),
            id: row.id,
            webhook: row.webhook_id,
            event: row.event_id,
            next_at: (state == DeliveryState::Pending).then_some(Timestamp(row.next_at)),
            state,
            last_error: row.last_error,
            updated_at: Timestamp(row.updated_at),
        })
    }
}
