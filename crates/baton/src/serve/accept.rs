//! Accepts connections, plain or by TLS, each served in a task of its own.

use super::tls::Certificates;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use baton_tasks::run_supervised;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// How long a client may take for the handshake of TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The wait when the system has no room for another connection: those that end make some.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Accepts until `closing`, then closes the port and waits until every connection has finished its requests.
/// Dropped before that, it cuts them off.
pub async fn run(
    listener: TcpListener,
    router: Router,
    certificates: Option<Arc<Certificates>>,
    closing: CancellationToken,
) {
    let graceful = GracefulShutdown::new();
    let acceptor = certificates.map(|certificates| certificates.acceptor());
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = closing.cancelled() => break,
        };
        while connections.try_join_next().is_some() {}
        let served = connection(stream, peer, router.clone(), acceptor.clone(), graceful.watcher());
        connections.spawn(run_supervised("connection", served));
    }
    drop(listener);
    graceful.shutdown().await;
    connections.join_all().await;
}

/// The next connection. What goes wrong with one is no reason to take no other.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if has_left(error.kind()) => {}
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                tokio::time::sleep(NO_ROOM).await;
            }
        }
    }
}

/// Whether the client left before it was accepted.
fn has_left(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    acceptor: Option<TlsAcceptor>,
    watcher: Watcher,
) {
    // Each piece of a stream leaves at once instead of waiting for the next.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let Some(acceptor) = acceptor else { return serve_requests(stream, peer, router, watcher).await };
    match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => serve_requests(stream, peer, router, watcher).await,
        Ok(Err(error)) => tracing::debug!(%error, client.address = %peer.ip(), "a TLS handshake failed"),
        Err(_) => tracing::debug!(client.address = %peer.ip(), "a TLS handshake took too long"),
    }
}

/// Serves the requests of one connection.
async fn serve_requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
) {
    let service = service_fn(move |request: http::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let builder = Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        // Clients leave in many ways, and each is theirs to choose.
        tracing::debug!(error, client.address = %peer.ip(), "a connection ended early");
    }
}
