//! Connections with TLS, over which a server says what it speaks.

use crate::{PATIENT, request};
use baton_model::SystemClock;
use baton_provider_api::Transport;
use baton_provider_api::transport::BaseUrl;
use bytes::Bytes;
use futures::future::join_all;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::crypto::aws_lc_rs;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A server with a certificate, and a client that trusts it.
struct Server {
    base_url: BaseUrl,
    transport: Transport,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// It replies with the version of HTTP in which it was asked.
    async fn start(protocols: &[&str]) -> Self {
        let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let certificate = certified.cert.der().clone();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], certified.signing_key.serialize_der().try_into().unwrap())
            .unwrap();
        server.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let mut trusted = rustls::RootCertStore::empty();
        trusted.add(certificate).unwrap();
        let client = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = BaseUrl::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (acceptor, accepted) = (TlsAcceptor::from(Arc::new(server)), Arc::clone(&connections));
        tokio::spawn(async move {
            loop {
                let socket = listener.accept().await.unwrap().0;
                accepted.fetch_add(1, Ordering::Relaxed);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(socket) = acceptor.accept(socket).await else { return };
                    let version = service_fn(async |request: http::Request<Incoming>| {
                        let version = format!("{:?}", request.version());
                        Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from(version))))
                    });
                    let _ =
                        auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), version).await;
                });
            }
        });
        Self { base_url, transport: Transport::with_tls(client, Arc::new(SystemClock)), connections }
    }

    async fn ask(&self) -> Bytes {
        self.transport.send(request(&self.base_url, "/", PATIENT)).await.unwrap().collect(100).await.unwrap()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn a_server_of_http_1_is_asked_over_one_connection() {
    for protocols in [&["http/1.1"][..], &[]] {
        let server = Server::start(protocols).await;
        for _ in 0..3 {
            assert_eq!(server.ask().await, "HTTP/1.1");
        }
        assert_eq!(server.connections(), 1);
    }
}

#[tokio::test]
async fn a_server_of_http_2_is_asked_over_the_connection_on_which_it_said_so() {
    let server = Server::start(&["h2", "http/1.1"]).await;
    assert_eq!(server.ask().await, "HTTP/2.0");
    // At once over one: that is what HTTP/2 is for.
    assert_eq!(join_all((0..8).map(|_| server.ask())).await, ["HTTP/2.0"; 8]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn many_may_be_the_first_to_ask_a_server_of_http_2() {
    let server = Server::start(&["h2"]).await;
    assert_eq!(join_all((0..8).map(|_| server.ask())).await, ["HTTP/2.0"; 8]);
    let connections = server.connections();
    assert_eq!(join_all((0..8).map(|_| server.ask())).await, ["HTTP/2.0"; 8]);
    assert_eq!(server.connections(), connections);
}
