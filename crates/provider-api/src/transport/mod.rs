//! The one HTTP client.
//!
//! It sends a [`HttpRequest`] and gives a [`HttpReply`]: a head, then the body piece by piece, within the bounds that the
//! request names. It follows no redirect, keeps no cookie, asks for no compression (and undoes it where
//! a service compresses regardless) and never retries a request that a provider may have seen. What goes wrong becomes a
//! [`ProviderError`] with a fixed sentence that a person can act on; what a library said is its cause, for the log.
//!
//! Files: [`base_url`] where requests go, `connect` sockets and TLS, `client` which connection a request takes, `pool` those that
//! wait for one, `connection` one of HTTP/1, `http2` servers that speak HTTP/2, `body` and `reply` the way back, [`encoding`]
//! compression, [`headers`] what the head of a reply holds, `failure` the error messages.

pub mod base_url;
mod body;
mod bounds;
mod client;
mod connect;
mod connection;
pub mod encoding;
mod failure;
pub mod headers;
mod http2;
mod origin;
mod pool;
mod reply;
mod request;

pub use base_url::BaseUrl;
pub use bounds::CallBounds;
pub use reply::HttpReply;
pub use request::HttpRequest;

use crate::error::ProviderError;
use crate::settings::Timeouts;
use baton_model::{Clock, SystemClock};
use client::Client;
use connect::Connector;
use http::{HeaderValue, header};
use http_body_util::Full;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A client with its pool of connections. Cheap to clone; clones share the pool.
#[derive(Clone)]
pub struct Transport {
    client: Client,
    tls: rustls::ClientConfig,
    connect: Duration,
    clock: Arc<dyn Clock>,
}

// === impl Transport ===

impl Transport {
    /// A client that trusts the authorities that Mozilla trusts. `clock` reads dates in `retry-after`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with_tls(connect::public_tls(), clock)
    }

    /// A client with its own idea of whom to trust; the configuration must not name protocols (ALPN).
    pub fn with_tls(tls: rustls::ClientConfig, clock: Arc<dyn Clock>) -> Self {
        Self::build(tls, clock, Timeouts::default().connect)
    }

    /// The same, whose connections must stand within that time, TLS included. It has a pool of its own where the time
    /// is another than before.
    #[must_use]
    pub fn connecting_within(&self, time: Duration) -> Self {
        if time == self.connect { self.clone() } else { Self::build(self.tls.clone(), self.clock.clone(), time) }
    }

    fn build(tls: rustls::ClientConfig, clock: Arc<dyn Clock>, connect: Duration) -> Self {
        let client = Client::new(Connector::new(tls.clone(), connect));
        Self { client, tls, connect, clock }
    }

    /// Sends a request. Returns when the head of the reply is there, whatever its status (redirects excepted).
    ///
    /// Dropping the future, or the reply, cancels the call.
    ///
    /// # Errors
    /// If the provider can't be reached, does not reply in time, or replies with a redirect, compressed in a way that is
    /// not known here, or not in HTTP.
    pub async fn send(&self, request: HttpRequest<'_>) -> Result<HttpReply, ProviderError> {
        let HttpRequest { peer, method, base_url, path, query, headers, body, bounds } = request;
        let uri = base_url.uri(path, query)?;
        let started = Instant::now();
        let mut http = http::Request::new(Full::new(body));
        *http.method_mut() = method;
        *http.uri_mut() = uri;
        *http.headers_mut() = headers;
        // Last: a client's own `accept-encoding` would only make work for both ends.
        http.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));

        let head = self.client.send(base_url, http);
        // The head of a stream comes with its first token, so both have one bound.
        let wait = bounds.first_token.map_or(bounds.total, |first| first.min(bounds.total));
        let response = match tokio::time::timeout_at(started + wait, head).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(failure::of_request(error, &peer, base_url.authority(), self.connect)),
            // Named by the bound that was met, so that an operator knows which setting to raise.
            Err(_) if wait < bounds.total => return Err(failure::first_token(&peer, wait)),
            Err(_) => return Err(failure::total(&peer, bounds.total)),
        };
        // Before the body: a redirect, or a reply that can't be decoded, is of no use whatever it holds.
        let encoding = headers::check(response.status(), response.headers(), &peer)?;
        let place = base_url.authority().to_owned();
        Ok(HttpReply::new(response, encoding, peer, place, bounds, started, self.clock.clone()))
    }
}

impl Default for Transport {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("connect", &self.connect).finish_non_exhaustive()
    }
}
