//! Connections that wait for their next request.

use super::connection::Http1Connection;
use super::origin::Origin;
use baton_tasks::supervised;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// How long a connection waits: shorter than the keep-alive of the common front ends, so that they rarely close under a
/// request.
pub(super) const IDLE: Duration = Duration::from_secs(50);

/// How often connections are looked for that waited too long, or that the other side has closed.
const SWEEP: Duration = Duration::from_secs(10);

/// The most connections that wait for one server. What comes beyond is closed.
const MOST_IDLE: usize = 1024;

/// Idle connections, the last used on top: what is not needed any more gets old below. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Idle>>);

#[derive(Default)]
struct Idle {
    servers: HashMap<Origin, Vec<Waiting>>,
    /// Whether the task that sweeps is running.
    swept: bool,
}

struct Waiting {
    connection: Box<Http1Connection>,
    since: Instant,
}

impl Pool {
    /// A connection to a server, if one waits. It may have been closed meanwhile: that shows when a request is sent.
    pub(super) fn take(&self, origin: &Origin) -> Option<Box<Http1Connection>> {
        let Waiting { connection, since } = lock(&self.0).servers.get_mut(origin)?.pop()?;
        (since.elapsed() < IDLE).then_some(connection)
    }

    /// Keeps a connection whose reply is complete for the next request; closes it if it can't have one.
    pub(super) fn put(&self, origin: Origin, mut connection: Box<Http1Connection>) {
        if !connection.settle() {
            return;
        }
        let mut idle = lock(&self.0);
        let waiting = idle.servers.entry(origin).or_default();
        if waiting.len() < MOST_IDLE {
            waiting.push(Waiting { connection, since: Instant::now() });
        }
        if !std::mem::replace(&mut idle.swept, true) {
            drop(tokio::spawn(supervised("idle connections", sweep(Arc::downgrade(&self.0)))));
        }
    }
}

/// Closes idle connections in time, until there are none.
async fn sweep(idle: Weak<Mutex<Idle>>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(idle) = idle.upgrade() else { return };
        let (left, closed) = lock(&idle).sweep(Instant::now());
        // Outside of the lock: closing a socket is a call into the kernel.
        drop(closed);
        if !left {
            return;
        }
    }
}

impl Idle {
    /// Takes out what may not be used again. Returns whether anything is left.
    fn sweep(&mut self, now: Instant) -> (bool, Vec<Waiting>) {
        let mut closed = Vec::new();
        self.servers.retain(|_, waiting| {
            closed.extend(waiting.extract_if(.., |waiting| {
                now.duration_since(waiting.since) >= IDLE || !waiting.connection.settle()
            }));
            !waiting.is_empty()
        });
        self.swept = !self.servers.is_empty();
        (self.swept, closed)
    }
}

fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
