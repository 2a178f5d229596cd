//! Connections of HTTP/2: what one may hold, and that it holds nothing for ever.

use crate::running::KEY;
use crate::serving::{LONG, Serving, until};
use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Ping, PingPong, Reason};
use http::{Method, Request};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A client, what sends its PINGs, and what resolves when its connection ends.
struct Client {
    requests: SendRequest<Bytes>,
    pings: PingPong,
    ended: JoinHandle<Result<(), h2::Error>>,
}

async fn connect(baton: &Serving, window: u32) -> Client {
    let stream = TcpStream::connect(baton.address).await.unwrap();
    let (requests, mut connection) =
        Builder::new().initial_window_size(window).handshake::<_, Bytes>(stream).await.unwrap();
    let pings = connection.ping_pong().unwrap();
    Client { requests, pings, ended: tokio::spawn(connection) }
}

fn request(baton: &Serving, method: Method, path: &str) -> Request<()> {
    let request = Request::builder().method(method).uri(format!("http://{}{path}", baton.address));
    request.header("authorization", format!("Bearer {KEY}")).body(()).unwrap()
}

impl Client {
    /// Sends a request; the status of the response and what reads its body.
    async fn send(&mut self, request: Request<()>, body: &str) -> (u16, h2::RecvStream) {
        let mut requests = self.requests.clone().ready().await.unwrap();
        let (response, mut sending) = requests.send_request(request, body.is_empty()).unwrap();
        if !body.is_empty() {
            sending.send_data(Bytes::from(body.to_owned()), true).unwrap();
        }
        let response = timeout(LONG, response).await.unwrap().unwrap();
        (response.status().as_u16(), response.into_body())
    }
}

#[tokio::test]
async fn a_stream_without_a_window_is_let_go_with_all_that_it_holds() {
    let (baton, sim) = Serving::start_with("connections.write_timeout = \"300ms\"").await;
    // A window of 0: no byte of any reply can be sent, and hyper has no timer for that.
    let mut client = connect(&baton, 0).await;
    let text = "word ".repeat(200);
    let mut bodies = Vec::new();
    for stream in [true, false, true, false, true] {
        let body = json!({ "model": "gpt", "stream": stream, "messages": [{ "role": "user", "content": text }] });
        let (status, body) =
            client.send(request(&baton, Method::POST, "/v1/chat/completions"), &body.to_string()).await;
        assert_eq!(status, 200);
        bodies.push(body);
    }
    baton.until_metric("baton_slow_clients_total{what=\"stream\"}", 5.0).await;
    baton.until_metric("baton_requests_in_flight", 0.0).await;
    for mut body in bodies {
        let error = timeout(LONG, body.data()).await.unwrap().unwrap().unwrap_err();
        assert_eq!(error.reason(), Some(Reason::CANCEL), "{error}");
    }
    until(async || sim.requests().iter().filter(|seen| !seen.complete).all(|seen| seen.disconnected)).await;
    // The connection itself did nothing wrong.
    assert_eq!(client.send(request(&baton, Method::HEAD, "/health/live"), "").await.0, 200);
    baton.end().await;
}

#[tokio::test]
async fn an_idle_connection_ends_whatever_else_it_says() {
    let baton = Serving::start("connections.idle_timeout = \"200ms\"").await;
    let mut client = connect(&baton, 65_535).await;
    assert_eq!(client.send(request(&baton, Method::GET, "/health/live"), "").await.0, 200);
    // PINGs are bytes that come, and must not count as a request.
    let pinging = async { while client.pings.ping(Ping::opaque()).await.is_ok() {} };
    timeout(LONG, pinging).await.expect("PINGs keep the connection open");
    timeout(LONG, client.ended).await.unwrap().unwrap().unwrap();
    baton.until_metric("baton_slow_clients_total{what=\"idle\"}", 1.0).await;
    baton.end().await;
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_gone() {
    let baton = Serving::start("http2.ping_interval = \"100ms\"\nhttp2.ping_timeout = \"100ms\"").await;
    // One that replies stays.
    let mut client = connect(&baton, 65_535).await;
    let mut mute = TcpStream::connect(baton.address).await.unwrap();
    // The preface, and settings that set nothing.
    mute.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    timeout(LONG, mute.read_to_end(&mut Vec::new())).await.expect("the connection stays open").unwrap();
    baton.until_metric("baton_slow_clients_total{what=\"ping\"}", 1.0).await;
    assert_eq!(client.send(request(&baton, Method::GET, "/health/live"), "").await.0, 200);
    baton.end().await;
}

#[tokio::test]
async fn a_preface_has_to_come() {
    let baton = Serving::start("connections.head_timeout = \"200ms\"").await;
    let mut client = TcpStream::connect(baton.address).await.unwrap();
    // All of the preface but its last two bytes: neither protocol is known yet.
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n").await.unwrap();
    timeout(LONG, client.read_to_end(&mut Vec::new())).await.expect("the connection stays open").unwrap();
    baton.until_metric("baton_slow_clients_total{what=\"head\"}", 1.0).await;
    baton.end().await;
}

#[tokio::test]
async fn a_client_is_told_how_much_it_may_do() {
    let limits = "connections.max_head_bytes = 8192\nhttp2.max_streams = 7";
    let baton = Serving::start(limits).await;
    let mut client = connect(&baton, 65_535).await;
    assert_eq!(client.send(request(&baton, Method::GET, "/health/live"), "").await.0, 200);
    assert_eq!(client.requests.current_max_send_streams(), 7);
    let mut large = request(&baton, Method::GET, "/health/live");
    large.headers_mut().insert("x-filler", "x".repeat(10_000).parse().unwrap());
    assert_eq!(client.send(large, "").await.0, 431);
    baton.end().await;
}

#[tokio::test]
async fn a_client_that_takes_back_all_its_requests_is_sent_away() {
    let baton = Serving::start("http2.max_pending_resets = 5").await;
    let client = connect(&baton, 65_535).await;
    let flood = async {
        loop {
            // Together, so that they come before the first is looked at.
            for _ in 0..50 {
                let Ok(mut requests) = client.requests.clone().ready().await else { return };
                let sent = requests.send_request(request(&baton, Method::POST, "/api/keys"), false);
                let Ok((_, mut stream)) = sent else { return };
                // CVE-2023-44487: a stream that is reset at once does not count as open, so `max_streams` is no bound
                // for it.
                stream.send_reset(Reason::CANCEL);
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(LONG, flood).await.expect("the flood goes on");
    let error = timeout(LONG, client.ended).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(Reason::ENHANCE_YOUR_CALM), "{error}");
    baton.end().await;
}
