//! The HTTP client against servers on real sockets.

#![expect(clippy::unwrap_used, reason = "tests")]

mod connections;
mod encoded;
mod tls;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::routing::post;
use baton_model::fault::ErrorKind;
use baton_provider_api::transport::{BaseUrl, CallBounds, HttpReply, HttpRequest};
use baton_provider_api::{ProviderError, Transport};
use futures::StreamExt as _;
use http::Method;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(200);
const PATIENT: CallBounds = CallBounds { first_token: Some(LONG), idle: LONG, total: LONG };

async fn serve(router: Router) -> BaseUrl {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    BaseUrl::parse(&format!("http://{address}")).unwrap()
}

fn request<'a>(base_url: &'a BaseUrl, path: &'a str, bounds: CallBounds) -> HttpRequest<'a> {
    let (headers, body) = (HeaderMap::new(), Bytes::new());
    HttpRequest {
        peer: "provider `p`".into(),
        method: Method::POST,
        base_url,
        path,
        query: None,
        headers,
        body,
        bounds,
    }
}

async fn send(base_url: &BaseUrl, path: &str, bounds: CallBounds) -> Result<HttpReply, ProviderError> {
    Transport::default().send(request(base_url, path, bounds)).await
}

/// A body that says a word and then nothing more.
fn stalling() -> Body {
    let word = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"word"))]);
    Body::from_stream(word.chain(futures::stream::pending()))
}

#[tokio::test]
async fn connections_are_used_again() {
    // The client's port tells one connection from another.
    let port = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.port().to_string() };
    let base_url = serve(Router::new().route("/", post(port))).await;
    let transport = Transport::default();
    let mut ports = Vec::new();
    for _ in 0..3 {
        let reply = transport.send(request(&base_url, "/", PATIENT)).await.unwrap();
        ports.push(reply.collect(100).await.unwrap());
    }
    assert!(ports.iter().all(|port| Some(port) == ports.first()), "{ports:?}");
}

#[tokio::test]
async fn each_wait_has_its_bound() {
    let router = Router::new()
        .route("/silent", post(async || std::future::pending::<()>().await))
        .route("/stalling", post(async || stalling()));
    let base_url = serve(router).await;

    let bounds = CallBounds { first_token: Some(SHORT), ..PATIENT };
    let error = send(&base_url, "/silent", bounds).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.message.ends_with("did not begin to reply within 0.2 s (first_token)"), "{error}");

    // As for a whole reply, whose head comes at its end: only the total can be met.
    let bounds = CallBounds { first_token: None, idle: LONG, total: SHORT };
    let error = send(&base_url, "/silent", bounds).await.err().unwrap();
    assert!(error.message.ends_with("took longer than 0.2 s (total)"), "{error}");

    let mut reply = send(&base_url, "/stalling", CallBounds { idle: SHORT, ..PATIENT }).await.unwrap();
    assert_eq!(reply.next_piece().await.unwrap().unwrap(), "word");
    let error = reply.next_piece().await.unwrap_err();
    assert!(error.message.ends_with("sent nothing for 0.2 s (idle)"), "{error}");
}

#[tokio::test]
async fn a_handshake_has_its_bound() {
    // It accepts, and never says hello.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = BaseUrl::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    let transport = Transport::default().connecting_within(SHORT);
    let error = transport.send(request(&base_url, "/", PATIENT)).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.message.ends_with("within 0.2 s (connect)"), "{error}");
}

#[tokio::test]
async fn a_reply_that_is_not_http_is_a_protocol_error() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = BaseUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut heard = [0; 1024];
        let _ = socket.read(&mut heard).await;
        socket.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await.unwrap();
    });
    let error = send(&base_url, "/", PATIENT).await.err().unwrap();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert_eq!(error.message, "provider `p` did not reply with HTTP");
    // What the HTTP client says of it, and where, is for the log.
    assert!(error.chain().contains("invalid HTTP version"), "{}", error.chain());
    assert!(error.chain().contains(base_url.authority()), "{}", error.chain());
}

#[tokio::test]
async fn a_cut_reply_names_the_provider_and_no_library() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = BaseUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = socket.read(&mut request).await;
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nword").await.unwrap();
    });
    let error = send(&base_url, "/", PATIENT).await.unwrap().collect(1000).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert_eq!(error.message, "provider `p` closed the connection in the middle of its reply");
    assert!(error.chain().contains(base_url.authority()), "{}", error.chain());
}

#[tokio::test]
async fn large_replies_are_refused_and_large_errors_cut() {
    let base_url = serve(Router::new().route("/", post(async || vec![b'a'; 100_000]))).await;
    let error = send(&base_url, "/", PATIENT).await.unwrap().collect(99_999).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Protocol);
    assert_eq!(send(&base_url, "/", PATIENT).await.unwrap().collect(100_000).await.unwrap().len(), 100_000);
    assert_eq!(send(&base_url, "/", PATIENT).await.unwrap().collect_start(1000).await.len(), 1000);
}
