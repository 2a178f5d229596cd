//! How many connections there are, and for how long.

use crate::serving::{Serving, ask_on_kept_connection, busy, head, response, rest, serve_and_ask, until};
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

/// A connection that comes from that address of this machine.
async fn connect_from(address: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Whether a new connection from that address is served.
async fn is_served(address: &str, to: SocketAddr) -> bool {
    let mut stream = connect_from(address, to).await;
    // A refused one may be closed before the request is written.
    let _ = stream.write_all(format!("{}connection: close\r\n\r\n", head("GET", "/health/live")).as_bytes()).await;
    let told = String::from_utf8(rest(&mut stream).await).unwrap();
    if !told.starts_with("HTTP/1.1 200 ") {
        assert!(told.starts_with("HTTP/1.1 503 ") && told.contains("\r\nretry-after: 1\r\n"), "{told}");
        let (_, body) = told.split_once("\r\n\r\n").unwrap();
        assert!(told.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{told}");
    }
    told.starts_with("HTTP/1.1 200 ")
}

#[tokio::test]
async fn an_idle_connection_ends() {
    // The other limit is out of reach, so that it is this one which is seen. hyper has one timer for both.
    let baton = Serving::start("connections.idle_timeout = \"200ms\"\nconnections.head_timeout = \"1h\"").await;
    let mut stream = baton.connect().await;
    for _ in 0..3 {
        assert!(ask_on_kept_connection(&mut stream, "/health/live").await.ends_with("ok"));
    }
    assert!(rest(&mut stream).await.is_empty());
    baton.until_metric("baton_slow_clients_total{what=\"idle\"}", 1.0).await;
    baton.end().await;
}

#[tokio::test]
async fn the_head_of_a_request_has_to_come() {
    let baton = Serving::start("connections.head_timeout = \"200ms\"\nconnections.idle_timeout = \"1h\"").await;
    let (mut silent, mut half, mut second) = (baton.connect().await, baton.connect().await, baton.connect().await);
    half.write_all(b"GET /health/live HTTP/1.1\r\nhost: lo").await.unwrap();
    assert!(ask_on_kept_connection(&mut second, "/health/live").await.ends_with("ok"));
    second.write_all(b"GET /health").await.unwrap();
    for stream in [&mut silent, &mut half, &mut second] {
        assert!(rest(stream).await.is_empty());
    }
    baton.until_metric("baton_slow_clients_total{what=\"head\"}", 3.0).await;
    baton.end().await;
}

#[tokio::test]
async fn a_request_under_way_is_neither_idle_nor_a_head() {
    let baton = Serving::start(
        "connections.head_timeout = \"100ms\"\nconnections.idle_timeout = \"100ms\"\nconnections.body_grace = \"1h\"",
    )
    .await;
    let mut stream = baton.connect().await;
    let body = r#"{"name": "k"}"#;
    let (one, two) = body.split_at(5);
    let head = format!("{}content-length: {}\r\n\r\n{one}", head("POST", "/api/keys"), body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    // A connection that was opened later meets both limits meanwhile.
    let mut other = baton.connect().await;
    assert!(ask_on_kept_connection(&mut other, "/health/live").await.ends_with("ok"));
    assert!(rest(&mut other).await.is_empty());
    assert!(rest(&mut baton.connect().await).await.is_empty());
    stream.write_all(two.as_bytes()).await.unwrap();
    let told = String::from_utf8(rest(&mut stream).await).unwrap();
    assert!(told.starts_with("HTTP/1.1 201 "), "{told}");
    baton.end().await;
}

/// Ends such a request; whether it was served.
async fn finish(mut stream: TcpStream) -> bool {
    stream.write_all(br#"{"name": "k"}"#).await.unwrap();
    response(&mut stream).await.starts_with("HTTP/1.1 201 ")
}

#[tokio::test]
async fn more_connections_than_configured_are_refused() {
    let limits = "connections.max = 3\nconnections.max_per_address = 3\nconnections.body_grace = \"1h\"";
    let baton = Serving::start(limits).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(busy(connect_from("127.0.0.1", baton.address).await).await);
    }
    assert!(!is_served("127.0.0.1", baton.address).await);
    assert!(!is_served("127.0.0.2", baton.address).await);
    assert!(finish(held.remove(0)).await, "those that are open are served on");
    until(async || is_served("127.0.0.1", baton.address).await).await;
    let refused = baton.metric("baton_connections_refused_total{reason=\"total\"}").await;
    assert!(refused >= 1.0, "{refused}");
    drop(held);
    baton.end().await;
}

#[tokio::test]
async fn one_address_can_not_take_all_connections() {
    let limits = "connections.max = 9\nconnections.max_per_address = 2\nconnections.body_grace = \"1h\"";
    let baton = Serving::start(limits).await;
    let held = [
        busy(connect_from("127.0.0.1", baton.address).await).await,
        busy(connect_from("127.0.0.1", baton.address).await).await,
    ];
    assert!(!is_served("127.0.0.1", baton.address).await);
    assert!(is_served("127.0.0.2", baton.address).await);
    for stream in held {
        assert!(finish(stream).await);
    }
    assert!(is_served("127.0.0.1", baton.address).await);
    assert_eq!(baton.metric("baton_connections_refused_total{reason=\"address\"}").await, 1.0);
    baton.end().await;
}

#[tokio::test]
async fn a_trusted_proxy_may_have_more() {
    let limits = "connections.max = 5\nconnections.max_per_address = 1\ntrusted_proxies = [\"127.0.0.1\"]\n\
                  connections.body_grace = \"1h\"";
    let baton = Serving::start(limits).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(busy(connect_from("127.0.0.1", baton.address).await).await);
    }
    assert!(is_served("127.0.0.1", baton.address).await);
    held.push(busy(connect_from("127.0.0.2", baton.address).await).await);
    assert!(!is_served("127.0.0.2", baton.address).await);
    baton.stop.cancel();
    drop(held);
    baton.end().await;
}

#[tokio::test]
async fn connections_without_a_request_make_room() {
    let limits = "connections.max = 8\nconnections.max_per_address = 8\nconnections.body_grace = \"1h\"";
    let baton = Serving::start(limits).await;
    // One that has a request stays.
    let under_way = busy(connect_from("127.0.0.1", baton.address).await).await;
    let mut idle = Vec::new();
    for number in 0..7 {
        let mut stream = baton.connect().await;
        match number % 3 {
            0 => assert!(ask_on_kept_connection(&mut stream, "/health/live").await.ends_with("ok")),
            1 => stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: lo").await.unwrap(),
            _ => {}
        }
        idle.push(stream);
    }
    // More than there are places, one after the other, and each is served though nobody has left.
    let mut newcomers = Vec::new();
    for _ in 0..7 {
        let mut stream = baton.connect().await;
        assert!(ask_on_kept_connection(&mut stream, "/health/live").await.ends_with("ok"));
        newcomers.push(stream);
    }
    for stream in &mut idle {
        assert!(rest(stream).await.is_empty());
    }
    assert!(finish(under_way).await);
    assert!(baton.metric("baton_slow_clients_total{what=\"evicted\"}").await >= 7.0);
    baton.end().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let baton = Serving::start("connections.max_head_bytes = 8192").await;
    for (size, status) in [(4 << 10, "200"), (16 << 10, "431")] {
        let header = format!("x-filler: {}\r\n", "x".repeat(size));
        let told = serve_and_ask(baton.connect().await, "GET", "/health/live", &header, "").await;
        assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{told}");
    }
    baton.end().await;
}
