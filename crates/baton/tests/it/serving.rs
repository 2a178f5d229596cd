//! A Baton on its own ports, with everything that stands between a socket and a handler.

use crate::running::KEY;
use baton::app::App;
use baton::config::{Config, ConfigSource, Environment, load};
use baton::serve::{listen, serve};
use baton_sim::{Kind, Sim, SimOptions};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A Baton that serves until it is told to stop.
pub struct Serving {
    pub address: SocketAddr,
    /// The port for management, if there is one.
    pub management: Option<SocketAddr>,
    pub stop: CancellationToken,
    pub ended: JoinHandle<anyhow::Result<()>>,
    _folder: TempDir,
}

impl Serving {
    /// With that in its section `[server]`.
    pub async fn start(server: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), server).await
    }

    /// The same, in that folder.
    pub async fn start_in(folder: TempDir, server: &str) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut config = configured(folder.path(), server);
        let listeners = listen(&config).await.unwrap();
        let address = listeners.address().unwrap();
        let management = listeners.management.as_ref().map(|listener| listener.local_addr().unwrap());
        config.data_dir = folder.path().join("data");
        // Boxed: with the whole of Baton on its stack the future of each test would be large.
        let app = Box::pin(App::build(&config)).await.unwrap();
        let stop = CancellationToken::new();
        let told = stop.clone();
        let ended = tokio::spawn(async move { serve(app, listeners, &config, told).await });
        Self { address, management, stop, ended, _folder: folder }
    }

    /// The same, with a model `gpt` at a simulated provider, of which no catalogue knows how much it takes.
    pub async fn start_with(server: &str) -> (Self, Sim) {
        let sim = Sim::start(Kind::OpenAi, SimOptions::of(Kind::OpenAi).model("house")).await.unwrap();
        let provider = format!("[providers.openai]\nbase_url = \"{}\"\nkind = \"openai\"\n", sim.base_url());
        let model = "[[models]]\nmodel_id = \"gpt\"\nprovider = \"openai\"\nupstream = \"house\"\n";
        (Self::start(&format!("{server}\n{provider}api_key = \"sim\"\n{model}")).await, sim)
    }

    /// A connection of its own.
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Asks over a connection of its own; status line, headers and body.
    pub async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> String {
        serve_and_ask(self.connect().await, method, path, headers, body).await
    }

    /// What a metric says now; 0 if it says nothing. Asked by the port for management if there is one.
    pub async fn metric(&self, name: &str) -> f64 {
        let stream = TcpStream::connect(self.management.unwrap_or(self.address)).await.unwrap();
        let text = serve_and_ask(stream, "GET", "/metrics", "", "").await;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Waits until a metric has that value.
    pub async fn until_metric(&self, name: &str, value: f64) {
        until(async || self.metric(name).await == value).await;
    }

    /// Stops it and waits for its end.
    pub async fn end(self) {
        self.stop.cancel();
        self.ended.await.unwrap().unwrap();
    }
}

/// A configuration with that in its section `[server]`.
pub fn configured(folder: &Path, server: &str) -> Config {
    let file = folder.join("baton.toml");
    let text = format!("auth.admin_key = \"{KEY}\"\n[server]\nlisten = \"127.0.0.1:0\"\n{server}\n");
    std::fs::write(&file, text).unwrap();
    load(&ConfigSource { file: Some(file), listen: None }, &Environment::default()).unwrap()
}

/// The head of a request with the admin's key, without the empty line that ends it.
pub fn head(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\n")
}

/// Asks over that connection, which ends with the reply.
pub async fn serve_and_ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> String {
    let length = body.len();
    let head = head(method, path);
    let request = format!("{head}connection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    String::from_utf8(reply).unwrap()
}

/// Has a request under way over that connection: a new key, whose body of 13 bytes does not come.
pub async fn busy(mut stream: TcpStream) -> TcpStream {
    let head = format!("{}content-length: 13\r\nexpect: 100-continue\r\n\r\n", head("POST", "/api/keys"));
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body as soon as somebody waits for it.
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// Asks over that connection, which stays open.
pub async fn ask_on_kept_connection(stream: &mut TcpStream, path: &str) -> String {
    stream.write_all(format!("{}\r\n", head("GET", path)).as_bytes()).await.unwrap();
    response(stream).await
}

/// The next response on a connection, of a length that its head names.
pub async fn response(stream: &mut TcpStream) -> String {
    let told = response_head(stream).await;
    let length = told.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    told + &String::from_utf8(body).unwrap()
}

/// The head of the next response on a connection.
pub async fn response_head(stream: &mut TcpStream) -> String {
    let mut told = String::new();
    // Byte by byte, so that nothing of the body is taken.
    let mut byte = [0];
    while !told.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte).await.unwrap();
        told.push(char::from(byte[0]));
    }
    told
}

/// What else comes over a connection until the other end has closed it.
pub async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut read = Vec::new();
    // That the connection is reset ends it, too.
    let ended = tokio::time::timeout(LONG, stream.read_to_end(&mut read)).await;
    assert!(ended.is_ok(), "the connection stays open");
    read
}

/// Longer than anything takes.
pub const LONG: Duration = Duration::from_secs(60);

/// Waits until something is so.
pub async fn until(mut so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !so().await {
        assert!(Instant::now() < end, "it never came to be so");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
