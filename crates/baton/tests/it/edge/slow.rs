//! Clients that send or read too slowly.

use crate::serve::issue;
use crate::serving::{Serving, head, response_head, rest, until};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

/// A connection whose client takes few bytes that it does not read.
async fn connect_narrow(baton: &Serving) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // Otherwise the sockets of both ends hold megabytes, and the reply is written before anybody waits.
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(baton.address).await.unwrap()
}

/// A request whose reply is more than sockets hold: the simulated provider repeats what it is told.
fn long_chat(stream: bool) -> String {
    // A stream has 40 times the bytes of its text. The sockets on both sides of Baton grow to 10 MiB together.
    let text = "word ".repeat(if stream { 80_000 } else { 1_600_000 });
    let body = json!({ "model": "gpt", "stream": stream, "messages": [{ "role": "user", "content": text }] });
    let body = body.to_string();
    format!("{}content-length: {}\r\nconnection: close\r\n\r\n{body}", head("POST", "/v1/chat/completions"), body.len())
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_let_go_with_all_that_it_holds() {
    let (baton, sim) = Serving::start_with("connections.write_timeout = \"300ms\"").await;
    let mut clients = Vec::new();
    for stream in [true, false] {
        let mut client = connect_narrow(&baton).await;
        client.write_all(long_chat(stream).as_bytes()).await.unwrap();
        let told = response_head(&mut client).await;
        assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
        clients.push(client);
    }
    // Nobody reads on, and nobody leaves.
    baton.until_metric("baton_slow_clients_total{what=\"read\"}", 2.0).await;
    baton.until_metric("baton_requests_in_flight", 0.0).await;
    until(async || sim.requests().iter().all(|seen| seen.disconnected || seen.complete)).await;
    assert!(sim.requests().iter().any(|seen| seen.disconnected), "the stream was not read to its end for nobody");
    drop(clients);
    baton.end().await;
}

#[tokio::test]
async fn a_client_that_reads_slowly_gets_everything() {
    let limits = "connections.write_timeout = \"10s\"\nconnections.idle_timeout = \"100ms\"";
    let (baton, _sim) = Serving::start_with(limits).await;
    let mut client = connect_narrow(&baton).await;
    client.write_all(long_chat(false).as_bytes()).await.unwrap();
    let head = response_head(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    // It is read for longer than a connection may be idle: every piece is little.
    let told = rest(&mut client).await;
    assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", told.len())), "{head}: {}", told.len());
    baton.end().await;
}

#[tokio::test]
async fn a_body_that_drips_is_refused() {
    let limits = "connections.body_grace = \"200ms\"\nconnections.min_body_rate = 1000000";
    let baton = Serving::start(limits).await;
    for (path, code) in [
        ("/api/keys", r#""code":"body_timeout""#),
        ("/api/models/chat", r#""code":"body_timeout""#),
        ("/v1/chat/completions", r#""code":"body_timeout""#),
        ("/v1/messages", r#""type":"timeout_error""#),
    ] {
        let mut client = baton.connect().await;
        let head = format!("{}connection: close\r\ncontent-length: 100\r\n\r\n{{\"", head("POST", path));
        client.write_all(head.as_bytes()).await.unwrap();
        let told = String::from_utf8(rest(&mut client).await).unwrap();
        assert!(told.starts_with("HTTP/1.1 408 ") && told.contains(code), "{path}: {told}");
        assert!(told.contains("server.connections.min_body_rate"), "{path}: {told}");
    }
    // What is read for nobody is bounded in the same way.
    baton.until_metric("baton_slow_clients_total{what=\"body\"}", 4.0).await;
    baton.end().await;
}

#[tokio::test]
async fn a_handshake_has_to_come_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (section, _) = issue(folder.path());
    let (certificate, key) = (section.certificate.display(), section.key.display());
    let tls = format!("tls = {{ certificate = \"{certificate}\", key = \"{key}\" }}");
    let limits = format!("{tls}\nconnections.handshake_timeout = \"200ms\"\nmanagement.listen = \"127.0.0.1:0\"");
    let baton = Serving::start_in(folder, &limits).await;
    let mut client = baton.connect().await;
    assert!(rest(&mut client).await.is_empty());
    baton.until_metric("baton_slow_clients_total{what=\"handshake\"}", 1.0).await;
    baton.end().await;
}
