//! Sockets and TLS.

use http::Uri;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tower::{BoxError, Service};

/// A connection, with TLS or without.
pub(super) type Io = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A connection that is not there yet.
pub(super) type Connecting = futures::future::BoxFuture<'static, Result<Io, BoxError>>;

/// Opens connections, each within a time. HTTP/2 where the server offers it (ALPN), HTTP/1.1 elsewhere.
#[derive(Clone)]
pub(super) struct Connector {
    https: HttpsConnector<HttpConnector>,
    time: Duration,
}

/// A connection did not stand in time.
#[derive(Debug, thiserror::Error)]
#[error("the connection was not established in time")]
pub(super) struct ConnectTooSlow;

impl Connector {
    pub(super) fn new(tls: rustls::ClientConfig, time: Duration) -> Self {
        let mut http = HttpConnector::new();
        // The HTTPS connector stands on this one and hands it `https` addresses.
        http.enforce_http(false);
        // A request is one small write; waiting to fill a packet would delay every first token.
        http.set_nodelay(true);
        // A peer that vanished while a model was thinking is noticed.
        http.set_keepalive(Some(Duration::from_secs(30)));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            // Plain too: Ollama and llama.cpp on one's own machines have no certificate.
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(http);
        Self { https, time }
    }
}

impl Service<Uri> for Connector {
    type Response = Io;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, time) = (self.https.call(uri), self.time);
        // Around both: hyper's own `set_connect_timeout` covers TCP alone, and a peer that accepts and never says
        // hello would hold the call.
        Box::pin(
            async move { tokio::time::timeout(time, connecting).await.unwrap_or_else(|_| Err(ConnectTooSlow.into())) },
        )
    }
}

/// TLS with the authorities that Mozilla trusts.
pub(super) fn public_tls() -> rustls::ClientConfig {
    // Named here and not taken from the process: a library can't know whether the program has chosen one.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    #[expect(clippy::expect_used, reason = "it fails only for a provider without cipher suites")]
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("aws-lc-rs has suites for every protocol version");
    builder.with_webpki_roots().with_no_client_auth()
}
