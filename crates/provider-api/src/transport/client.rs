//! Requests over the connections that there are, and over new ones.

use super::base_url::BaseUrl;
use super::body::{Http1Body, RawBody};
use super::connect::{Connector, Io};
use super::connection::{Http1Connection, RequestBody};
use super::http2::Http2Servers;
use super::pool::{self, Pool};
use http::{Request, Response, Uri, header};
use hyper::client::conn::TrySendError;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::Connection as _;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::{BoxError, Service as _};

/// A client for HTTP/1, with a pool of its own, and for HTTP/2, with that of `hyper-util`.
///
/// Which of the two a server speaks is known once TLS was negotiated with it (ALPN). Without TLS it is HTTP/1.
#[derive(Clone)]
pub(super) struct Client {
    connector: Connector,
    pool: Pool,
    http2: legacy::Client<Http2Servers, RequestBody>,
    http2_servers: Http2Servers,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum RequestError {
    #[error("no connection")]
    NotConnected(#[source] BoxError),
    #[error("the connection failed")]
    Failed(#[source] hyper::Error),
    #[error(transparent)]
    Http2(legacy::Error),
}

enum Connected {
    Http1(Box<Http1Connection>),
    Http2(Io),
}

// === impl RequestError ===

impl RequestError {
    /// Whether there was a connection.
    pub(super) fn is_connected(&self) -> bool {
        match self {
            Self::NotConnected(_) => false,
            Self::Failed(_) => true,
            Self::Http2(error) => !error.is_connect(),
        }
    }
}

// === impl Client ===

impl Client {
    pub(super) fn new(connector: Connector) -> Self {
        let http2_servers = Http2Servers::new(connector.clone());
        let http2 = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(pool::IDLE)
            .build(http2_servers.clone());
        Self { connector, pool: Pool::default(), http2, http2_servers }
    }

    /// Sends a request to an address below `base_url`. Returns when the head of the reply is there.
    pub(super) async fn send(
        &self,
        base_url: &BaseUrl,
        mut request: Request<RequestBody>,
    ) -> Result<Response<RawBody>, RequestError> {
        let origin = base_url.origin();
        if self.http2_servers.contains(origin) {
            return self.send_http2(request).await;
        }
        let address = request.uri().clone();
        loop {
            let (mut connection, reused) = match self.pool.take(origin) {
                Some(connection) => (connection, true),
                None => match self.connect(&address).await? {
                    Connected::Http1(connection) => (connection, false),
                    Connected::Http2(io) => {
                        self.http2_servers.hand_over(origin, io);
                        *request.uri_mut() = address;
                        return self.send_http2(request).await;
                    }
                },
            };
            write_address(&mut request, base_url);
            match connection.send(request).await {
                Ok(response) => {
                    let body = |incoming| {
                        let (connection, pool) = (Some(connection), self.pool.clone());
                        RawBody::http1(Http1Body { incoming, connection, pool, origin: origin.clone() })
                    };
                    return Ok(response.map(body));
                }
                Err(error) => request = unsent(error, reused)?,
            }
        }
    }

    async fn connect(&self, address: &Uri) -> Result<Connected, RequestError> {
        let io = self.connector.clone().call(address.clone()).await.map_err(RequestError::NotConnected)?;
        if io.connected().is_negotiated_h2() {
            return Ok(Connected::Http2(io));
        }
        Ok(Connected::Http1(Box::new(Http1Connection::new(io).await.map_err(RequestError::Failed)?)))
    }

    async fn send_http2(&self, request: Request<RequestBody>) -> Result<Response<RawBody>, RequestError> {
        Ok(self.http2.request(request).await.map_err(RequestError::Http2)?.map(RawBody::http2))
    }
}

/// The request, if it may be sent again: the server closed an idle connection, and has seen nothing of it. A new
/// connection that fails would fail again.
fn unsent(mut error: TrySendError<Request<RequestBody>>, reused: bool) -> Result<Request<RequestBody>, RequestError> {
    error.take_message().filter(|_| reused).ok_or_else(|| RequestError::Failed(error.into_error()))
}

/// Addresses a request as servers of HTTP/1 expect it: the path in its first line, the host in a header.
fn write_address(request: &mut Request<RequestBody>, base_url: &BaseUrl) {
    if let Some(path) = request.uri().path_and_query() {
        *request.uri_mut() = Uri::from(path.clone());
    }
    request.headers_mut().entry(header::HOST).or_insert_with(|| base_url.host().clone());
}
