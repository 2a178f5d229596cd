//! One connection: its requests are served within the bounds of time, until the client leaves, is too slow, or the port
//! closes.

use super::activity::Activity;
use super::bodies::{RequestBody, ResponseBody};
use super::limits::ConnectionLimits;
use super::slots::{ConnectionSlot, ConnectionSlots};
use super::socket::Socket;
use crate::port_paths::PortPaths;
use axum::body::{Body, HttpBody};
use axum::extract::ConnectInfo;
use baton_engine::SlowClient;
use baton_web::UpgradedConnection;
use baton_web::move_path_key;
use baton_web::paced::Paced;
use http::header::UPGRADE;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::sleep;

/// How long a client of HTTP/2 may take to leave, once it was told that no more requests are accepted.
const FAREWELL: Duration = Duration::from_secs(5);

/// What connections of a port have in common.
pub struct Served {
    /// What serves their requests.
    pub paths: PortPaths,
    /// What bounds them.
    pub limits: ConnectionLimits,
    /// Where they have their places.
    pub room: Arc<ConnectionSlots>,
}

/// Serves the requests of a connection that has a place.
pub async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    place: &ConnectionSlot,
    activity: Arc<Activity>,
    served: &Served,
) {
    let Served { paths, limits, room } = served;
    let socket = Socket::new(stream, Arc::clone(&activity), limits.metrics.clone());
    // Set by a request that asks for another protocol.
    let upgraded = Mutex::new(None);
    let service = service_fn(|mut request| {
        if request.headers().contains_key(UPGRADE) {
            let (kept, dropped) = UpgradedConnection::new(room.closing().clone());
            request.extensions_mut().insert(kept);
            *upgraded.lock().unwrap_or_else(PoisonError::into_inner) = Some(dropped);
        }
        serve_request(request, peer, paths.clone(), &activity, limits)
    });
    let mut connection = pin!(limits.builder.serve_connection_with_upgrades(TokioIo::new(socket), service));
    let mut timer = pin!(sleep(limits.head));
    let mut leaving = false;
    loop {
        let why = tokio::select! {
            // The connection first: one that has ended, or a request that has just come, must not lose to a timer of
            // the same moment. It is polled on every wake, so what the timer waits for is up to date.
            biased;
            ended = connection.as_mut() => break report(ended, peer, limits),
            slow = poll_fn(|cx| activity.poll_slow(&mut timer, cx)) => Some(slow),
            () = room.closing().cancelled(), if !leaving => None,
            () = place.displaced() => Some(SlowClient::Evicted),
        };
        if let Some(slow) = why.filter(|_| !leaving) {
            limits.metrics.too_slow(slow);
            tracing::debug!(client.address = %peer.ip(), what = slow.name(), "a client is too slow; its connection is closed");
        }
        let evicted = why == Some(SlowClient::Evicted);
        if (leaving && !evicted) || why == Some(SlowClient::Head) {
            return;
        }
        connection.as_mut().graceful_shutdown();
        if evicted {
            // Told, and not waited for: its place is taken, and the system has no more files than there are places. Only a
            // request that has begun since is served first: it may have reached a provider.
            if futures::poll!(connection.as_mut()).is_ready() || activity.without_request_since().is_some() {
                return;
            }
        }
        // Who is idle is told, so that a request that crosses the message is still served.
        leaving = true;
        // HTTP/1 ends an idle connection by itself. A client of HTTP/2 has to answer the GOAWAY, and may not.
        activity.limit_idle(FAREWELL);
    }
    // The connection goes on without HTTP, in its place, if it was upgraded; else this was dropped with the request.
    let upgraded = upgraded.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(dropped) = upgraded {
        dropped.cancelled().await;
    }
}

/// Serves a request, which is under way until both its bodies are dropped.
fn serve_request(
    request: http::Request<hyper::body::Incoming>,
    peer: SocketAddr,
    paths: PortPaths,
    activity: &Arc<Activity>,
    limits: &ConnectionLimits,
) -> impl Future<Output = Result<http::Response<ResponseBody>, Infallible>> + use<> {
    // Now and not in the future below: between the two, the connection would count as idle.
    let under_way = activity.begin();
    // Before anything else: nothing that reads the path may see a key in it.
    let mut request = move_path_key(request).map(|body| {
        // A GET has nothing that could come too slowly.
        if body.is_end_stream() {
            return Body::empty();
        }
        let paced = Paced::new(body, limits.pace, limits.metrics.clone());
        Body::new(RequestBody::new(paced, activity.begin()))
    });
    // axum's own server would insert it. The address decides about the development mode.
    request.extensions_mut().insert(ConnectInfo(peer));
    async move { Ok(paths.serve(request).await.map(|body| ResponseBody::new(body, under_way))) }
}

/// How a connection ended, if not as it should.
fn report(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>, peer: SocketAddr, limits: &ConnectionLimits) {
    let Err(error) = ended else { return };
    // The only timer of hyper itself that is set.
    if error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_timeout) {
        limits.metrics.too_slow(SlowClient::Ping);
    }
    // Clients leave in many ways, and each is theirs to choose.
    tracing::debug!(error, client.address = %peer.ip(), "a connection ended early");
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::config::sections::ServerSection;
    use axum::Router;
    use axum::routing::post;
    use baton_engine::{EdgeMetrics, Port};
    use baton_web::{ForwardedHeader, Proxies};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::sync::Notify;

    const PEER: &str = "192.0.2.1:1000";
    const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nhost: baton\r\ncontent-length: 5\r\n\r\n";

    /// A port with room for one connection, whose requests wait until they are released.
    fn served(released: &Arc<Notify>) -> Served {
        let metrics = EdgeMetrics::default();
        let released = Arc::clone(released);
        let router = Router::new().route(
            "/",
            post(|body: String| async move {
                released.notified().await;
                body
            }),
        );
        let proxies = Proxies::new(Vec::new(), ForwardedHeader::default());
        let room = ConnectionSlots::new(Port::Main, 1, 1, proxies, metrics.clone());
        Served {
            paths: PortPaths::new(None, router),
            limits: ConnectionLimits::of(&ServerSection::default(), metrics),
            room,
        }
    }

    fn activity(served: &Served) -> Arc<Activity> {
        Activity::new(served.limits.head, served.limits.idle)
    }

    /// The request was on its way when another connection took the place: nobody had seen it yet.
    #[tokio::test]
    async fn a_request_that_came_with_the_loss_of_the_place_is_served() {
        let released = Arc::new(Notify::new());
        let served = served(&released);
        let (mut client, stream) = duplex(1024);
        let peer: SocketAddr = PEER.parse().unwrap();
        let (activity, newcomer) = (activity(&served), activity(&served));
        let place = served.room.take_slot(peer.ip(), Arc::clone(&activity)).unwrap();
        client.write_all(REQUEST).await.unwrap();
        let _taken = served.room.take_slot(peer.ip(), newcomer).unwrap();

        let mut connection = pin!(serve(stream, peer, &place, Arc::clone(&activity), &served));
        assert!(futures::poll!(connection.as_mut()).is_pending(), "it waits for the request that has begun");
        assert_eq!(activity.without_request_since(), None);
        // What belongs to the request still comes in, and its reply goes out.
        client.write_all(b"hello").await.unwrap();
        released.notify_one();
        connection.await;
        let mut reply = String::new();
        client.read_to_string(&mut reply).await.unwrap();
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("hello"), "{reply}");
        // Told to come no more: it has no place.
        assert!(reply.contains("connection: close"), "{reply}");
    }

    #[tokio::test]
    async fn a_connection_without_a_request_ends_at_once_when_it_loses_its_place() {
        let served = served(&Arc::default());
        let (mut client, stream) = duplex(1024);
        let peer: SocketAddr = PEER.parse().unwrap();
        let (activity, newcomer) = (activity(&served), activity(&served));
        let place = served.room.take_slot(peer.ip(), Arc::clone(&activity)).unwrap();
        // A part of a head is no request.
        client.write_all(REQUEST.get(..20).unwrap()).await.unwrap();
        let _taken = served.room.take_slot(peer.ip(), newcomer).unwrap();

        let mut connection = pin!(serve(stream, peer, &place, activity, &served));
        assert!(futures::poll!(connection.as_mut()).is_ready());
        assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
    }
}
