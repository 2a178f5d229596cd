//! Servers that speak HTTP/2.

use super::connect::{Connecting, Connector, Io};
use super::origin::Origin;
use http::Uri;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tower::{BoxError, Service};

/// Which servers speak HTTP/2, and the connections to them for the client of `hyper-util`. Clones share what they know.
#[derive(Clone)]
pub(super) struct Http2Servers {
    connector: Connector,
    /// With a connection that was made before it was known what the server speaks.
    known: Arc<Mutex<HashMap<Origin, Option<Io>>>>,
}

impl Http2Servers {
    pub(super) fn new(connector: Connector) -> Self {
        Self { connector, known: Arc::default() }
    }

    pub(super) fn contains(&self, origin: &Origin) -> bool {
        // Without TLS nobody negotiates: no lock for servers on one's own machines.
        origin.is_https() && self.lock().contains_key(origin)
    }

    /// Takes note of a server, with the connection on which it said what it speaks: the next one that is asked for.
    ///
    /// The note stays: should the server change its mind, the client of `hyper-util` speaks HTTP/1 with it too.
    pub(super) fn hand_over(&self, origin: &Origin, io: Io) {
        // Of several that learn it at once the first is enough. Another connection would wait here until it is stale.
        self.lock().entry(origin.clone()).or_insert(Some(io));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Origin, Option<Io>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service<Uri> for Http2Servers {
    type Response = Io;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Connecting {
        let handed_over = Origin::of(&uri).and_then(|origin| self.lock().get_mut(&origin)?.take());
        match handed_over {
            Some(io) => Box::pin(std::future::ready(Ok(io))),
            None => self.connector.call(uri),
        }
    }
}
