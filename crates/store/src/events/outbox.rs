//! New events, on their way into the outbox.

use crate::entity::event;
use crate::{StoreError, belongs};
use baton_model::{EventKind, Timestamp};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel};
use sha2::{Digest, Sha256};

/// Rows in one statement.
pub(super) const ROWS: usize = 500;

/// Something that happened, on its way into the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its type.
    pub kind: EventKind,
    /// What it is about: the id of a model, key, request.
    pub subject: String,
    /// A JSON object.
    pub data: String,
    /// The trace that it belongs to, as in W3C's header.
    pub traceparent: Option<String>,
}

/// The row of a new event.
pub(crate) fn row(event: NewEvent, node: &str, now: Timestamp) -> event::Model {
    event::Model {
        id: crate::new_id(),
        project: belongs::project(event.kind.name(), &event.subject, Some(&event.data)),
        kind: event.kind.name().to_owned(),
        subject: event.subject,
        time: now.0,
        data: event.data,
        traceparent: event.traceparent,
        source: node.to_owned(),
        position: None,
        requests: None,
    }
}

/// The id of an event that is told once: the same on each node, and no other event's.
pub(crate) fn id_of_occasion(kind: EventKind, occasion: &str) -> String {
    let mut bytes = [0; 16];
    // A kind is a word, so the zero can't be a part of it.
    let digest = Sha256::new().chain_update(kind.name()).chain_update([0]).chain_update(occasion).finalize();
    bytes.iter_mut().zip(digest).for_each(|(byte, of_digest)| *byte = of_digest);
    // Version 8: a UUID that says nothing of a time. Events are ordered by their own time, not by their ids.
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// Puts events into the outbox; one that is there already stays as it is. Returns how many are new.
pub(crate) async fn insert(database: &impl ConnectionTrait, rows: Vec<event::Model>) -> Result<u64, StoreError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let inserted = event::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
        .on_conflict(crate::keep_existing())
        .exec_without_returning(database)
        .await?;
    Ok(inserted)
}
