//! In development requests from this machine need no key. What came through a proxy does.

use crate::running::Running;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Asks without a key; the status and the body.
fn ask(baton: &Running, version: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(&baton.address).unwrap();
    let address = &baton.address;
    let request = format!("GET /api/keys {version}\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    (reply.split(' ').nth(1).unwrap().parse().unwrap(), reply)
}

#[test]
fn a_request_through_a_proxy_needs_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let baton = Running::start(folder.path(), &["serve"], &[], "baton is ready");
    assert_eq!(ask(&baton, "HTTP/1.1", "").0, 200);
    // Headers that SDKs send, and no proxy is needed for.
    assert_eq!(ask(&baton, "HTTP/1.1", "x-request-id: 7\r\nx-stainless-lang: python\r\n").0, 200);
    for header in [
        "x-forwarded-for: 203.0.113.7",
        "forwarded: for=203.0.113.7",
        "via: 1.1 proxy",
        "x-forwarded-proto: https",
        "x-forwarded-host: baton.example",
        "x-forwarded-port: 443",
        "x-forwarded-server: proxy",
        "x-forwarded-prefix: /llm",
        "X-Real-IP: 203.0.113.7",
        "cf-connecting-ip: 203.0.113.7",
        "true-client-ip: 203.0.113.7",
    ] {
        let (status, reply) = ask(&baton, "HTTP/1.1", &format!("{header}\r\n"));
        assert!(status == 401 && reply.contains("through a proxy needs an API key"), "{header}: {reply}");
    }
    // What nginx sends where nobody has told it otherwise: the target as the host, and no header of its own.
    let (status, reply) = ask(&baton, "HTTP/1.0", "");
    assert!(status == 401 && reply.contains("HTTP/1.0 request needs an API key"), "{reply}");
}
