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
            closed.extend(
                waiting.extract_if(.., |waiting| {
                    now.duration_since(waiting.since) >= IDLE || !waiting.connection.settle()
                }),
            );
            !waiting.is_empty()
        });
        self.swept = !self.servers.is_empty();
        (self.swept, closed)
    }
}

fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::connect::{Connector, public_tls};
    use super::*;
    use http::Uri;
    use tokio::net::{TcpListener, TcpStream};
    use tower::Service as _;

    /// A pool with one connection, and its other side.
    async fn pool() -> (Pool, Origin, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri: Uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let origin = Origin::of(&uri).unwrap();
        let io = Connector::new(public_tls(), Duration::from_secs(30)).call(uri).await.unwrap();
        let socket = listener.accept().await.unwrap().0;
        let pool = Pool::default();
        pool.put(origin.clone(), Box::new(Http1Connection::new(io).await.unwrap()));
        (pool, origin, socket)
    }

    #[tokio::test]
    async fn connections_are_closed_when_nobody_needed_them_for_long() {
        let (pool, origin, _socket) = pool().await;
        let now = Instant::now();
        let (left, closed) = lock(&pool.0).sweep(now);
        assert!(left && closed.is_empty());
        let (left, closed) = lock(&pool.0).sweep(now + IDLE);
        assert!(!left && closed.len() == 1);
        assert!(pool.take(&origin).is_none());
    }

    #[tokio::test]
    async fn what_the_other_side_closed_is_closed_here_too() {
        let (pool, _, socket) = pool().await;
        drop(socket);
        // Sockets are looked at when tasks yield.
        tokio::task::yield_now().await;
        let (left, closed) = lock(&pool.0).sweep(Instant::now());
        assert!(!left && closed.len() == 1);
    }
}
