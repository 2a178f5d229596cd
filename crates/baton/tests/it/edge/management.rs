//! A separate port for health, metrics and management.

use crate::running::printed_text;
use crate::serving::{Serving, busy, head, response_head, rest};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// The status of a request to that port. The body may be a stream without an end.
async fn status(address: SocketAddr, method: &str, path: &str) -> u16 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{}content-length: 0\r\n\r\n", head(method, path)).as_bytes()).await.unwrap();
    response_head(&mut stream).await.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The paths of the description that belong to management: those below `/api` that no client API has.
async fn management_paths(baton: &Serving) -> Vec<(String, String)> {
    let description = baton.ask("GET", "/openapi.json", "", "").await;
    let description: Value = serde_json::from_str(description.split_once("\r\n\r\n").unwrap().1).unwrap();
    // Client APIs of Ollama and Baton are below `/api`, too. Their tags tell them from management.
    let of_requests = |methods: &Value| {
        let tags = methods.as_object().unwrap().values().filter_map(|call| call["tags"][0].as_str());
        tags.clone().any(|tag| ["openai", "anthropic", "ollama", "native"].contains(&tag)) || tags.count() == 0
    };
    let paths = description["paths"].as_object().unwrap().iter();
    let paths = paths.filter(|(path, methods)| path.starts_with("/api/") && !of_requests(methods));
    paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(|method| (method.to_uppercase(), path.replace(['{', '}'], ""))).collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test]
async fn management_may_have_a_port_of_its_own() {
    let baton = Serving::start("management.listen = \"127.0.0.1:0\"").await;
    let management = baton.management.unwrap();
    for path in ["/health/live", "/health/ready"] {
        assert_eq!((status(baton.address, "GET", path).await, status(management, "GET", path).await), (200, 200));
    }
    for (method, path, main, apart) in [
        ("GET", "/metrics", 404, 200),
        ("GET", "/api/keys", 404, 200),
        ("GET", "/v1/models", 200, 404),
        ("POST", "/v1/chat/completions", 400, 404),
        ("GET", "/api/tags", 200, 404),
    ] {
        let found = (status(baton.address, method, path).await, status(management, method, path).await);
        assert_eq!(found, (main, apart), "{method} {path}");
    }
    let paths = management_paths(&baton).await;
    assert!(paths.len() > 30, "{paths:?}");
    for (method, path) in paths {
        let found = status(baton.address, &method, &path).await;
        // Where a client API has the same path, another method is not one of management either.
        assert!(found == 404 || found == 405, "{method} {path} is served by the main port: {found}");
        assert_ne!(status(management, &method, &path).await, 405, "{method} {path}");
    }
    baton.end().await;
}

#[tokio::test]
async fn it_is_reachable_while_the_main_port_is_full() {
    let limits = "connections.max = 5\nconnections.max_per_address = 5\nmanagement.listen = \"127.0.0.1:0\"";
    let baton = Serving::start(limits).await;
    let mut held = Vec::new();
    for _ in 0..5 {
        // Each in the middle of a request: one without would make room.
        let body = format!("{}content-length: 9\r\nexpect: 100-continue\r\n\r\n", head("POST", "/v1/chat/completions"));
        let mut stream = baton.connect().await;
        stream.write_all(body.as_bytes()).await.unwrap();
        assert!(response_head(&mut stream).await.starts_with("HTTP/1.1 100 "));
        held.push(stream);
    }
    let mut refused = baton.connect().await;
    let _ = refused.write_all(format!("{}\r\n", head("GET", "/health/live")).as_bytes()).await;
    assert!(rest(&mut refused).await.starts_with(b"HTTP/1.1 503 "));
    let management = baton.management.unwrap();
    assert_eq!(status(management, "GET", "/health/ready").await, 200);
    assert_eq!(baton.metric("baton_connections{port=\"main\"}").await, 5.0);
    assert_eq!(status(management, "GET", "/api/keys").await, 200);
    drop(held);
    baton.end().await;
}

#[tokio::test]
async fn its_connections_are_bounded_too() {
    let baton = Serving::start("management.listen = \"127.0.0.1:0\"\nmanagement.max_connections = 1").await;
    let held = busy(TcpStream::connect(baton.management.unwrap()).await.unwrap()).await;
    let mut refused = TcpStream::connect(baton.management.unwrap()).await.unwrap();
    let _ = refused.write_all(format!("{}\r\n", head("GET", "/health/live")).as_bytes()).await;
    assert!(rest(&mut refused).await.starts_with(b"HTTP/1.1 503 "));
    assert_eq!(status(baton.address, "GET", "/health/live").await, 200);
    drop(held);
    baton.end().await;
}

#[test]
fn a_port_for_everyone_needs_a_key_here_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("baton.toml"), "server.management.listen = \"0.0.0.0:0\"").unwrap();
    let text = printed_text(&crate::running::run(folder.path(), &["serve", "--listen", "127.0.0.1:0"]));
    assert!(text.contains("server.management.listen: `0.0.0.0:0` is reachable from other machines"), "{text}");
    std::fs::write(folder.path().join("baton.toml"), "server.management.listen = \"here\"").unwrap();
    let text = printed_text(&crate::running::run(folder.path(), &["serve"]));
    assert!(text.contains("server.management.listen: must be ADDRESS:PORT"), "{text}");
}
