//! An event as it is stored.

use crate::StoreError;
use crate::entity::event;
use baton_model::{EventKind, Timestamp};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Unique: a UUIDv7, for events of requests the request's own id, for what is told once the same on each node (UUIDv8).
    pub id: String,
    /// Its type.
    pub kind: EventKind,
    /// What it is about.
    pub subject: String,
    /// When it happened.
    pub time: Timestamp,
    /// A JSON object.
    pub data: String,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
    /// The node where it happened.
    pub source: String,
    /// Its place in the stream; `None`: the relay has not come to it yet.
    pub position: Option<u64>,
}

impl TryFrom<event::Model> for StoredEvent {
    type Error = StoreError;

    fn try_from(row: event::Model) -> Result<Self, StoreError> {
        let what = || format!("an event (`{}`)", row.id);
        let position = row.position.map(u64::try_from).transpose().map_err(|error| StoreError::corrupt(what(), error));
        Ok(Self {
            kind: EventKind::lookup(&row.kind)
                .ok_or_else(|| StoreError::corrupt(what(), format!("its type is `{}`", row.kind)))?,
            position: position?,
            id: row.id,
            subject: row.subject,
            time: Timestamp(row.time),
            data: row.data,
            traceparent: row.traceparent,
            source: row.source,
        })
    }
}
