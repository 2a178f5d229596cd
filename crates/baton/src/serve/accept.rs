//! Accepts connections, plain or by TLS, each served in a task of its own.

use super::activity::Activity;
use super::connection::{self, Served};
use super::slots::ConnectionSlot;
use super::tls::Certificates;
use baton_engine::{ConnectionRefusal, SlowClient};
use baton_tasks::run_supervised;
use std::io::{ErrorKind, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// The wait when the system has no room for another connection: those that end make some.
const NO_ROOM: Duration = Duration::from_millis(100);
/// What a client gets for which there is no room. Written as it is: a refusal must cost next to nothing.
const REFUSED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\ncontent-length: 45\r\n\
    retry-after: 1\r\nconnection: close\r\n\r\ntoo many connections are open; try again soon";

/// Accepts until `closing`, then closes the port and waits until every connection has finished its requests. Dropped before that, it cuts
/// them off.
pub async fn run(
    listener: TcpListener,
    certificates: Option<Arc<Certificates>>,
    served: Served,
    closing: CancellationToken,
) {
    let served = Arc::new(served);
    let acceptor = certificates.map(|certificates| certificates.acceptor());
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener, &served) => accepted,
            () = closing.cancelled() => break,
        };
        // A `JoinSet` keeps what has ended until it is taken out.
        while connections.try_join_next().is_some() {}
        let activity = Activity::new(served.limits.head, served.limits.idle);
        match served.room.take_slot(peer.ip(), Arc::clone(&activity)) {
            Ok(place) => {
                let serving = connection(stream, peer, (place, activity), Arc::clone(&served), acceptor.clone());
                // In a box of its own: every future that takes another by value keeps room for it twice.
                connections.spawn(run_supervised("connection", Box::pin(serving)));
            }
            // By TLS nothing could be said without a handshake.
            Err(_) if acceptor.is_some() => {}
            Err(_) => refuse(stream),
        }
    }
    // Before the wait: until then, the system would go on taking connections into its queue, where nobody serves
    // them.
    drop(listener);
    served.room.closing().cancel();
    connections.join_all().await;
}

/// The next connection. What goes wrong with one is no reason to take no other.
async fn accept(listener: &TcpListener, served: &Served) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if has_left(error.kind()) => {}
            Err(error) => {
                served.limits.metrics.count_refused(ConnectionRefusal::System);
                // Mostly: no file is left (EMFILE). The connection stays in the queue, so without the wait this would
                // be a busy loop.
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

/// Says that there is no room, without waiting: a new connection takes that much at once, or it is broken.
fn refuse(stream: TcpStream) {
    // Tokio would have to wait for the news that the socket can be written to. It stays one that never blocks.
    let told = stream.into_std().and_then(|mut stream| {
        stream.write_all(REFUSED)?;
        stream.shutdown(Shutdown::Write)
    });
    if let Err(error) = told {
        tracing::debug!(%error, "a refused client could not be sent the reason");
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    (place, activity): (ConnectionSlot, Arc<Activity>),
    served: Arc<Served>,
    acceptor: Option<TlsAcceptor>,
) {
    // Each piece of a stream leaves at once instead of waiting for the next.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    // Below TLS, because only the socket tells whether the client reads.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(served.limits.write));
    let stream = Box::pin(stream);
    let Some(acceptor) = acceptor else {
        return connection::serve(stream, peer, &place, activity, &served).await;
    };
    let handshake = tokio::select! {
        handshake = tokio::time::timeout(served.limits.handshake, acceptor.accept(stream)) => handshake,
        () = place.displaced() => return served.limits.metrics.too_slow(SlowClient::Evicted),
    };
    match handshake {
        Ok(Ok(stream)) => connection::serve(Box::new(stream), peer, &place, activity, &served).await,
        Ok(Err(error)) => tracing::debug!(%error, client.address = %peer.ip(), "a TLS handshake failed"),
        Err(_) => {
            served.limits.metrics.too_slow(SlowClient::Handshake);
            tracing::debug!(client.address = %peer.ip(), "a TLS handshake took too long");
        }
    }
}
