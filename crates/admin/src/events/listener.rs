//! One client that follows the events.

use crate::Admin;
use axum::body::{Body, Bytes};
use baton_auth::require;
use baton_events::cloud;
use baton_model::entity::Role;
use baton_model::{Caller, EventKind};
use baton_store::{EventFilter, StoredEvent};
use baton_web::identify;
use futures::stream;
use http::request::Parts;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Events read at once: what a slow client makes this node hold.
const BATCH: u64 = 100;
/// How often it is looked whether this node stops.
const TICK: Duration = Duration::from_millis(250);
/// How often it is looked whether the client may still listen: its key may have been revoked.
const ADMISSION: Duration = Duration::from_secs(5);

/// One client.
pub struct Listener {
    admin: Admin,
    parts: Parts,
    types: Option<Vec<EventKind>>,
    /// Only events of this project.
    project: Option<String>,
    /// Everything up to here is sent or in `ready`.
    position: u64,
    ready: VecDeque<StoredEvent>,
    last: watch::Receiver<u64>,
    /// Whether there may be more than was read.
    look: bool,
    admitted: Instant,
}

impl Listener {
    /// Who made that request, of these types and that project, from after a position on.
    pub fn new(
        admin: Admin,
        parts: Parts,
        types: Option<Vec<EventKind>>,
        project: Option<String>,
        position: u64,
    ) -> Self {
        let last = admin.feed.subscribe();
        let (ready, admitted) = (VecDeque::new(), Instant::now());
        Self { admin, parts, types, project, position, ready, last, look: true, admitted }
    }

    /// What it gets: server-sent events, and comments while there are none. Ends when this node stops.
    pub fn into_body(self) -> Body {
        // The first comment opens the stream: some clients wait for a byte.
        let opening = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b": events\n\n"))]);
        let rest = stream::unfold(self, async |mut listener| Some((Ok(listener.next_piece().await?), listener)));
        Body::from_stream(futures::StreamExt::chain(opening, rest))
    }

    async fn next_piece(&mut self) -> Option<Bytes> {
        let silence = self.admin.web.keep_alive;
        match tokio::time::timeout(silence, self.next()).await {
            Ok(event) => event.map(|event| write_event(&event).into()),
            Err(_) => Some(Bytes::from_static(b": keep-alive\n\n")),
        }
    }

    async fn next(&mut self) -> Option<StoredEvent> {
        loop {
            // Before each event that waits as well: a batch of a hundred must not outlive its key.
            if self.admin.web.draining.has_begun() || !self.is_admitted().await {
                return None;
            }
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.look {
                self.read().await;
            } else {
                // The wait is short because nothing else wakes the listener when the node begins to drain.
                let changed = tokio::time::timeout(TICK, self.last.changed()).await;
                self.look = matches!(changed, Ok(Ok(())));
            }
        }
    }

    async fn read(&mut self) {
        // Asked first: whatever stands before it can be read by now.
        let last = *self.last.borrow_and_update();
        let filter = EventFilter { types: self.types.as_deref(), project: self.project.as_deref() };
        match self.admin.store.events().list_after(self.position, &filter, BATCH).await {
            Ok(events) => {
                // Other types are not read again and again.
                let read = events.last().and_then(|event| event.position);
                self.position = self.position.max(read.unwrap_or(last));
                // The batch may have been full. Only an empty one shows that nothing is left before `last`.
                self.look = !events.is_empty();
                self.ready = events.into();
            }
            Err(error) => {
                tracing::debug!(%error, "events can't be read; Baton tries again");
                tokio::time::sleep(TICK).await;
            }
        }
    }

    /// Whether the client may (still) listen.
    async fn is_admitted(&mut self) -> bool {
        if self.admitted.elapsed() < ADMISSION {
            return true;
        }
        self.admitted = Instant::now();
        // The whole check of the request's head is made again, and not only whether the key is revoked: the role, the
        // networks and the expiry count too.
        let caller = identify::caller(&self.admin.web, &self.parts).await;
        // What it may see may have become another.
        let sees_the_same = |caller: &Caller| caller.confined_to() == self.project.as_deref();
        caller.is_ok_and(|caller| require(&caller, Role::Viewer).is_ok() && sees_the_same(&caller))
    }
}

/// A server-sent event. JSON has line breaks only between its values, where any of them is as good.
fn write_event(event: &StoredEvent) -> String {
    let json = cloud(event).write();
    // The data may hold line breaks: metadata is kept as it was written. In server-sent events a line break ends a
    // field, so each line gets its own `data:`; between two JSON tokens a break means nothing.
    let lines = json.split(['\r', '\n']).filter(|line| !line.is_empty());
    let data: String = lines.map(|line| format!("data: {line}\n")).collect();
    format!("id: {}\nevent: {}\n{data}\n", event.id, event.kind.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::Timestamp;

    #[test]
    fn an_event_is_written_as_server_sent_events_are() {
        let event = StoredEvent {
            id: "0193-1".into(),
            kind: EventKind::KeyRevoked,
            subject: "key_1".into(),
            time: Timestamp(0),
            data: "{\n\"a\":\r\n1}".into(),
            traceparent: None,
            source: "n".into(),
            position: Some(1),
        };
        assert_eq!(
            write_event(&event),
            "id: 0193-1\nevent: key.revoked\ndata: {\"specversion\":\"1.0\",\"id\":\"0193-1\",\"source\":\"n\",\
             \"type\":\"key.revoked\",\"subject\":\"key_1\",\"time\":\"1970-01-01T00:00:00.000000Z\",\
             \"datacontenttype\":\"application/json\",\"data\":{\ndata: \"a\":\ndata: 1}}\n\n"
        );
    }
}
