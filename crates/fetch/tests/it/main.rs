//! Calls over real sockets.
#![expect(clippy::unwrap_used, reason = "tests")]

use baton_fetch::{FetchClient, FetchError, FetchLimits, FetchRequest};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that gives every connection the same bytes, and then either closes it or leaves it open.
async fn server(reply: impl Into<Vec<u8>>, close: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let reply = reply.into();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            // The client may have seen enough before all is sent.
            let _ = stream.write_all(&reply).await;
            if !close {
                open.push(stream);
            }
        }
    });
    address
}

fn json(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn loopback() -> FetchClient {
    FetchClient::guarded(vec!["127.0.0.0/8".parse().unwrap()])
}

#[tokio::test]
async fn a_guarded_client_does_not_call_this_machine_in_any_spelling() {
    let address = server(json("{}"), true).await;
    let port = address.port();
    let client = FetchClient::guarded(Vec::new());
    // Ways to write this machine that lists of forbidden texts miss.
    let hosts = [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
    ];
    for host in hosts {
        let error = client.send(FetchRequest::get(format!("http://{host}:{port}/"))).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused { .. }), "{host}: {error}");
    }
    let reply = loopback().send(FetchRequest::get(format!("http://127.0.0.1:{port}/"))).await.unwrap();
    assert_eq!((reply.status.as_u16(), &*reply.body), (200, b"{}".as_slice()));
    // By name as well: its address is what counts.
    let reply = loopback().send(FetchRequest::get(format!("http://localhost:{port}/"))).await.unwrap();
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn redirects_are_told_and_not_followed() {
    let inner = server(json("{\"secret\": 1}"), true).await;
    let head = format!("HTTP/1.1 302 Found\r\nlocation: http://{inner}/\r\ncontent-length: 0\r\n\r\n");
    let outer = server(head, true).await;
    for client in [loopback(), FetchClient::trusted()] {
        let reply = client.send(FetchRequest::get(format!("http://{outer}/"))).await.unwrap();
        assert_eq!((reply.status.as_u16(), reply.body.len()), (302, 0));
    }
}

#[tokio::test]
async fn time_size_and_type_are_bounded() {
    let silent = server("", false).await;
    let limits = FetchLimits { time: Duration::from_millis(100), bytes: 10 };
    let client = loopback().with_limits(limits);
    let error = client.send(FetchRequest::get(format!("http://{silent}/"))).await.unwrap_err();
    assert_eq!(error, FetchError::TimedOut { host: "127.0.0.1".into(), limit: limits.time });
    // A body that stops half-way is bounded like a head that never comes.
    let halting = server("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", false).await;
    let error = client.send(FetchRequest::get(format!("http://{halting}/"))).await.unwrap_err();
    assert!(matches!(error, FetchError::TimedOut { .. }), "{error}");
    let exact = server(json("0123456789"), true).await;
    let client = loopback().with_limits(FetchLimits { bytes: 10, ..FetchLimits::default() });
    assert_eq!(client.send(FetchRequest::get(format!("http://{exact}/"))).await.unwrap().body.len(), 10);
    let huge = server(json(&"x".repeat(100_000)), true).await;
    let request = FetchRequest::get(format!("http://{huge}/"));
    let error = client.send(request.clone()).await.unwrap_err();
    assert_eq!(error, FetchError::TooLarge { host: "127.0.0.1".into(), limit: 10 });
    assert_eq!(client.send(request.cut_large_replies()).await.unwrap().body.len(), 10);
    let error =
        client.send(FetchRequest::get(format!("http://{exact}/")).expect_types(&["audio/*"])).await.unwrap_err();
    assert_eq!(error.to_string(), "`127.0.0.1` sent `application/json` where audio/* was expected");
}

#[tokio::test]
async fn faults_say_what_was_asked_without_its_secrets() {
    let client = FetchClient::trusted();
    for (url, expected) in [
        ("", "must be http:// or https:// and a host"),
        ("ftp://hunter2.test/", "must be http:// or https:// and a host"),
        ("file:///etc/passwd", "must be http:// or https:// and a host"),
        ("http://user:hunter2@example.test/", "must not contain a user name or password"),
        ("http://127.0.0.1:1/?key=hunter2", "`127.0.0.1` can't be reached"),
    ] {
        let error = client.send(FetchRequest::get(url)).await.unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
    }
    let garbage = server("what is this\r\n\r\n", true).await;
    let error = client.send(FetchRequest::get(format!("http://{garbage}/"))).await.unwrap_err();
    assert!(matches!(error, FetchError::Unreachable { .. }) && error.may_pass(), "{error}");
    let unknown =
        FetchClient::guarded(Vec::new()).send(FetchRequest::get("http://no-such-name.invalid/")).await.unwrap_err();
    assert_eq!(unknown, FetchError::Unresolved { host: "no-such-name.invalid".into() });
}
