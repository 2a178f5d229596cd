//! The port: TLS, proxies before it, and how it closes.

use crate::running::KEY;
use crate::serving::{Serving, configured, response, serve_and_ask, until};
use baton::config::sections::TlsSection;
use baton::serve::listen;
use baton::serve::tls::Certificates;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

/// A new certificate for `localhost` and its key, written into the folder.
pub fn issue(folder: &Path) -> (TlsSection, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (TlsSection { certificate, key }, made.cert.der().clone())
}

/// A client that trusts that certificate alone, and speaks that protocol.
fn trusting(certificate: &CertificateDer<'static>, protocol: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    TlsConnector::from(Arc::new(config))
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

#[tokio::test]
async fn the_port_speaks_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (section, certificate) = issue(folder.path());
    let server =
        format!("tls = {{ certificate = \"{}\", key = \"{}\" }}", section.certificate.display(), section.key.display());
    let baton = Serving::start_in(folder, &server).await;
    let stream = TcpStream::connect(baton.address).await.unwrap();
    let stream = trusting(&certificate, "http/1.1").connect(localhost(), stream).await.unwrap();
    let reply = serve_and_ask(stream, "GET", "/api/keys", "", "").await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    let stream = TcpStream::connect(baton.address).await.unwrap();
    let stream = trusting(&certificate, "h2").connect(localhost(), stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    drop(stream);
    // A client that does not speak TLS gets no reply, and does not hold the port up.
    let mut plain = TcpStream::connect(baton.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut nothing = Vec::new();
    let _ = plain.read_to_end(&mut nothing).await;
    assert!(!nothing.starts_with(b"HTTP"));
    baton.end().await;
}

/// The certificate that is shown to who connects now.
async fn shows_certificate(certificates: &Arc<Certificates>, trusted: &CertificateDer<'static>) -> bool {
    let (client, server) = tokio::io::duplex(1 << 16);
    let acceptor = Arc::clone(certificates).acceptor();
    let accepting = tokio::spawn(async move { acceptor.accept(server).await.is_ok() });
    let connected = trusting(trusted, "h2").connect(localhost(), client).await.is_ok();
    drop(accepting.await);
    connected
}

#[tokio::test]
async fn certificates_are_renewed_without_a_restart_and_bad_ones_change_nothing() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let (section, first) = issue(folder.path());
    let certificates = Arc::new(Certificates::load("server.tls", &section).unwrap());
    assert!(!certificates.refresh().unwrap());
    assert!(shows_certificate(&certificates, &first).await);
    let good = std::fs::read(&section.key).unwrap();
    // Empty, as a file is for a moment while it is written.
    for (bad, expected) in [("nonsense", "contains no private key"), ("", "contains no private key")] {
        std::fs::write(&section.key, bad).unwrap();
        let error = certificates.refresh().unwrap_err().to_string();
        assert!(error.starts_with("server.tls.key: ") && error.contains(expected), "{error}");
        // It is said once, not every few seconds.
        assert!(!certificates.refresh().unwrap());
        assert!(shows_certificate(&certificates, &first).await);
    }
    std::fs::write(&section.key, good).unwrap();
    let (_, second) = issue(folder.path());
    assert!(certificates.refresh().unwrap());
    assert!(shows_certificate(&certificates, &second).await && !shows_certificate(&certificates, &first).await);
    // A key of another certificate.
    let other = tempfile::tempdir().unwrap();
    let (others, _) = issue(other.path());
    std::fs::copy(&others.key, &section.key).unwrap();
    let error = certificates.refresh().unwrap_err().to_string();
    assert!(error.contains("does not belong to the certificate"), "{error}");
    std::fs::remove_file(&section.certificate).unwrap();
    let error = format!("{:#}", Certificates::load("server.tls", &section).unwrap_err());
    assert!(error.contains("server.tls.certificate: ") && error.contains("can't be read"), "{error}");
}

#[tokio::test]
async fn a_node_that_drains_says_so_and_still_serves() {
    let baton = Serving::start("drain_delay = \"1h\"").await;
    assert!(baton.ask("GET", "/health/ready", "", "").await.ends_with("ready"));
    baton.stop.cancel();
    until(async || {
        let reply = baton.ask("GET", "/health/ready", "", "").await;
        reply.starts_with("HTTP/1.1 503") && reply.ends_with("draining")
    })
    .await;
    assert!(baton.ask("GET", "/health/live", "", "").await.starts_with("HTTP/1.1 200"));
    assert!(baton.ask("GET", "/api/keys", "", "").await.starts_with("HTTP/1.1 200"));
    baton.ended.abort();
}

#[tokio::test]
async fn a_request_under_way_is_served_after_the_port_has_closed() {
    let baton = Serving::start("drain_delay = \"0s\"").await;
    let body = r#"{"name": "k"}"#;
    let mut stream = TcpStream::connect(baton.address).await.unwrap();
    let head = format!(
        "POST /api/keys HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // That it may go on says that the request is under way.
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert!(told.starts_with(b"HTTP/1.1 100 Continue"));
    baton.stop.cancel();
    until(async || TcpStream::connect(baton.address).await.is_err()).await;
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 201"), "{reply}");
    baton.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn requests_that_do_not_end_are_cut_off_after_the_grace() {
    let baton = Serving::start("drain_delay = \"0s\"\nshutdown_grace = \"0s\"").await;
    let mut stream = TcpStream::connect(baton.address).await.unwrap();
    let head = format!(
        "POST /api/keys HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\ncontent-length: 9\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    baton.end().await;
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply).await;
    assert!(!reply.starts_with(b"HTTP/1.1 201"));
}

#[tokio::test]
async fn only_trusted_proxies_say_where_a_request_comes_from() {
    let body = r#"{"name": "k", "role": "viewer", "addresses": ["203.0.113.0/24"]}"#;
    for (server, header, expected) in [
        ("trusted_proxies = [\"127.0.0.1\"]", "x-forwarded-for: 203.0.113.7\r\n", "HTTP/1.1 200"),
        ("trusted_proxies = [\"127.0.0.1\"]", "x-forwarded-for: 203.0.113.7, 8.8.8.8\r\n", "HTTP/1.1 403"),
        ("trusted_proxies = [\"127.0.0.1\"]", "", "HTTP/1.1 403"),
        ("trusted_proxies = [\"10.0.0.0/8\"]", "x-forwarded-for: 203.0.113.7\r\n", "HTTP/1.1 403"),
        (
            "trusted_proxies = [\"127.0.0.1\"]\nforwarded_header = \"forwarded\"",
            "forwarded: for=203.0.113.7\r\n",
            "HTTP/1.1 200",
        ),
        (
            "trusted_proxies = [\"127.0.0.1\"]\nforwarded_header = \"forwarded\"",
            "x-forwarded-for: 203.0.113.7\r\n",
            "HTTP/1.1 403",
        ),
    ] {
        let baton = Serving::start(server).await;
        let made = baton.ask("POST", "/api/keys", "", body).await;
        let json: serde_json::Value = serde_json::from_str(made.split_once("\r\n\r\n").unwrap().1).unwrap();
        // The bound key in the place of the admin's: only one may be sent.
        let mut stream = TcpStream::connect(baton.address).await.unwrap();
        let key = json["key"].as_str().unwrap();
        let request =
            format!("GET /api/keys HTTP/1.1\r\nhost: x\r\nx-api-key: {key}\r\nconnection: close\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        assert!(reply.starts_with(expected), "{server} {header}: {reply}");
        baton.end().await;
    }
}

#[tokio::test]
async fn the_port_is_a_port() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = configured(folder.path(), "");
    config.server.listen = taken.local_addr().unwrap().to_string();
    let refused = format!("{:#}", listen(&config).await.unwrap_err());
    let port = taken.local_addr().unwrap().port();
    assert!(refused.starts_with(&format!("port {port} is in use by another program")), "{refused}");
}

#[tokio::test]
async fn a_connection_stays_of_use_when_a_request_is_refused_unread() {
    let serving = Serving::start("").await;
    let mut stream = TcpStream::connect(serving.address).await.unwrap();
    // More than sockets hold: a server that closed the connection here would reset it, and the client would not see
    // why.
    let body = "x".repeat(1 << 20);
    for (path, key, status) in [("/v1/nothing", KEY, "404"), ("/v1/chat/completions", "bt-nobody", "401")] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n");
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        let told = response(&mut stream).await;
        assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{told}");
    }
    let told = serve_and_ask(stream, "GET", "/health/live", "", "").await;
    assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
    serving.end().await;
}
