//! Which connections are used again, against a server that replies as each test says.

use crate::{PATIENT, request};
use baton_model::fault::ErrorKind;
use baton_provider_api::Transport;
use baton_provider_api::transport::{BaseUrl, HttpReply, HttpRequest};
use bytes::Bytes;
use http::HeaderMap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const WORD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nword";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// A server of which the test accepts each connection itself.
struct Server {
    listener: TcpListener,
    base_url: BaseUrl,
    transport: Transport,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = BaseUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        Self { listener, base_url, transport: Transport::default() }
    }

    async fn accept(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    async fn send(&self) -> HttpReply {
        self.transport.send(request(&self.base_url, "/", PATIENT)).await.unwrap()
    }

    /// A request over a new connection, and its reply.
    async fn open(&self, reply: &[u8]) -> (TcpStream, HttpReply) {
        tokio::join!(
            async {
                let mut socket = self.accept().await;
                serve(&mut socket, reply).await;
                socket
            },
            self.send()
        )
    }

    /// A request over a connection that is there already.
    async fn reuse(&self, socket: &mut TcpStream, reply: &[u8]) -> Bytes {
        let read = async { self.send().await.collect(1000).await.unwrap() };
        tokio::join!(serve(socket, reply), read).1
    }

    /// The next request comes over a new connection.
    async fn assert_opens_another(&self) {
        let (_socket, reply) = self.open(WORD).await;
        assert_eq!(reply.collect(1000).await.unwrap(), "word");
    }
}

/// Reads a request without a body, and writes a reply to it.
async fn serve(socket: &mut TcpStream, reply: &[u8]) {
    read_head(socket).await;
    socket.write_all(reply).await.unwrap();
}

async fn read_head(socket: &mut TcpStream) {
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\n") {
        heard.push(socket.read_u8().await.unwrap());
    }
}

/// Closes a connection, and lets the client's runtime learn of it.
async fn close(socket: TcpStream) {
    drop(socket);
    // Over the loopback it has arrived by now; sockets are looked at when tasks yield.
    tokio::task::yield_now().await;
}

/// The client has closed the connection.
async fn assert_closed(mut socket: TcpStream) {
    let mut rest = Vec::new();
    // With a reset if it left bytes unread.
    let _ = socket.read_to_end(&mut rest).await;
    assert!(rest.is_empty(), "{rest:?}");
}

#[tokio::test]
async fn a_complete_reply_leaves_its_connection_to_the_next_request() {
    let server = Server::start().await;
    let (mut socket, reply) = server.open(WORD).await;
    assert_eq!(reply.collect(1000).await.unwrap(), "word");
    let chunked = [CHUNKED, b"4\r\nword\r\n0\r\n\r\n"].concat();
    assert_eq!(server.reuse(&mut socket, &chunked).await, "word");
    // Complete with its head, and its body is never asked for.
    let empty = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(tokio::join!(serve(&mut socket, empty), server.send()).1.status(), 200);
    assert_eq!(server.reuse(&mut socket, WORD).await, "word");
}

#[tokio::test]
async fn requests_at_the_same_time_have_connections_of_their_own_and_leave_them_all() {
    let server = Server::start().await;
    let (mut first, slow) = server.open(CHUNKED).await;
    let (mut second, reply) = server.open(WORD).await;
    reply.collect(1000).await.unwrap();
    first.write_all(b"4\r\nslow\r\n0\r\n\r\n").await.unwrap();
    assert_eq!(slow.collect(1000).await.unwrap(), "slow");
    // The last one used is used first.
    let ((), slow) = tokio::join!(serve(&mut first, CHUNKED), server.send());
    assert_eq!(server.reuse(&mut second, WORD).await, "word");
    drop(slow);
    assert_closed(first).await;
}

#[tokio::test]
async fn what_follows_trailers_is_another_reply() {
    let server = Server::start().await;
    let (mut socket, reply) = server.open(&[CHUNKED, b"4\r\nword\r\n0\r\nx-checksum: 1\r\n\r\n"].concat()).await;
    assert_eq!(reply.collect(1000).await.unwrap(), "word");
    assert_eq!(server.reuse(&mut socket, WORD).await, "word");
}

#[tokio::test]
async fn informational_responses_are_passed_over() {
    let server = Server::start().await;
    let early = b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
    let (mut socket, reply) = server.open(&[early, WORD].concat()).await;
    assert_eq!(reply.status(), 200);
    assert_eq!(reply.collect(1000).await.unwrap(), "word");
    assert_eq!(server.reuse(&mut socket, WORD).await, "word");
}

#[tokio::test]
async fn a_cut_reply_leaves_nothing() {
    let server = Server::start().await;
    let (socket, reply) = server.open(&[CHUNKED, b"4\r\nword\r\n"].concat()).await;
    drop(socket);
    assert_eq!(reply.collect(1000).await.unwrap_err().kind, ErrorKind::Unreachable);
    server.assert_opens_another().await;
}

#[tokio::test]
async fn what_came_before_a_cut_is_given_out() {
    let server = Server::start().await;
    let (mut socket, mut reply) = server.open(CHUNKED).await;
    socket.write_all(b"3\r\none\r\n3\r\ntwo\r\n").await.unwrap();
    drop(socket);
    let mut came = Vec::new();
    let error = loop {
        match reply.next_piece().await {
            Ok(piece) => came.extend_from_slice(&piece.unwrap()),
            Err(error) => break error,
        }
    };
    assert_eq!(came, b"onetwo");
    assert_eq!(error.message, "provider `p` closed the connection in the middle of its reply");
    assert_eq!(reply.next_piece().await.unwrap(), None);
}

#[tokio::test]
async fn a_reply_that_is_dropped_closes_its_connection() {
    let server = Server::start().await;
    let (socket, reply) = server.open(&[CHUNKED, b"4\r\nword\r\n"].concat()).await;
    drop(reply);
    assert_closed(socket).await;
    server.assert_opens_another().await;
}

#[tokio::test]
async fn a_request_that_is_dropped_closes_its_connection() {
    let server = Server::start().await;
    let socket = tokio::select! {
        _ = server.send() => panic!("nobody has replied"),
        socket = async {
            let mut socket = server.accept().await;
            read_head(&mut socket).await;
            socket
        } => socket,
    };
    assert_closed(socket).await;
    server.assert_opens_another().await;
}

#[tokio::test]
async fn a_server_may_say_that_it_closes() {
    let server = Server::start().await;
    let closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nword";
    let (socket, reply) = server.open(closing).await;
    assert_eq!(reply.collect(1000).await.unwrap(), "word");
    // It need not do so first.
    assert_closed(socket).await;
    server.assert_opens_another().await;
}

#[tokio::test]
async fn a_connection_that_was_closed_while_it_was_idle_costs_no_request() {
    let server = Server::start().await;
    for _ in 0..3 {
        let (socket, reply) = server.open(WORD).await;
        reply.collect(1000).await.unwrap();
        close(socket).await;
    }
    // Two of them: one after the other is found closed, and only then another is opened.
    let ((mut one, first), (two, second)) = (server.open(CHUNKED).await, server.open(WORD).await);
    one.write_all(b"0\r\n\r\n").await.unwrap();
    first.collect(1000).await.unwrap();
    second.collect(1000).await.unwrap();
    close(one).await;
    close(two).await;
    server.assert_opens_another().await;
}

#[tokio::test]
async fn a_request_that_was_sent_is_not_sent_again() {
    let server = Server::start().await;
    let (mut socket, reply) = server.open(WORD).await;
    reply.collect(1000).await.unwrap();
    let sent = async { server.transport.send(request(&server.base_url, "/", PATIENT)).await };
    let ((), sent) = tokio::join!(
        async {
            read_head(&mut socket).await;
            drop(socket);
        },
        sent
    );
    assert_eq!(sent.err().unwrap().message, "provider `p` closed the connection before it replied");
}

#[tokio::test]
async fn a_reply_may_be_complete_before_its_request_was_sent() {
    let server = Server::start().await;
    // More than the buffers of two sockets hold, and nobody reads it.
    let body = Bytes::from(vec![b'a'; 32 << 20]);
    let large = HttpRequest { body, headers: HeaderMap::new(), ..request(&server.base_url, "/", PATIENT) };
    let serve = async {
        let mut socket = server.accept().await;
        serve(&mut socket, b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 9\r\n\r\ntoo large").await;
        socket
    };
    let (socket, reply) = tokio::join!(serve, server.transport.send(large));
    let reply = reply.unwrap();
    assert_eq!(reply.status(), 413);
    assert_eq!(reply.collect(1000).await.unwrap(), "too large");
    // The rest of the request would be taken for another one.
    server.assert_opens_another().await;
    drop(socket);
}

#[tokio::test]
async fn a_reader_that_takes_its_time_gets_every_byte() {
    let server = Server::start().await;
    let (mut socket, mut reply) = server.open(CHUNKED).await;
    let chunk = [b"10000\r\n", &[b'a'; 0x10000][..], b"\r\n"].concat();
    // More than is on its way at once: the writer waits for the reader, who looks away after each piece.
    let write = async {
        for _ in 0..256 {
            socket.write_all(&chunk).await.unwrap();
        }
        socket.write_all(b"0\r\n\r\n").await.unwrap();
    };
    let read = async {
        let mut length = 0;
        while let Some(piece) = reply.next_piece().await.unwrap() {
            length += piece.len();
            tokio::task::yield_now().await;
        }
        length
    };
    assert_eq!(tokio::join!(write, read).1, 256 * 0x10000);
    assert_eq!(server.reuse(&mut socket, WORD).await, "word");
}

#[tokio::test]
async fn what_is_there_comes_as_one_piece() {
    let server = Server::start().await;
    let events = b"5\r\nfirst\r\n6\r\nsecond\r\n";
    let (mut socket, mut reply) = server.open(&[CHUNKED, events].concat()).await;
    assert_eq!(reply.next_piece().await.unwrap().unwrap(), "firstsecond");
    // What is still to come is not waited for.
    socket.write_all(b"5\r\nthird\r\n").await.unwrap();
    assert_eq!(reply.next_piece().await.unwrap().unwrap(), "third");
    socket.write_all(b"4\r\nlast\r\n0\r\n\r\n").await.unwrap();
    assert_eq!(reply.next_piece().await.unwrap().unwrap(), "last");
    assert_eq!(reply.next_piece().await.unwrap(), None);
    assert_eq!(server.reuse(&mut socket, WORD).await, "word");
}

#[tokio::test]
async fn the_host_is_named_once_and_the_path_as_it_is() {
    let server = Server::start().await;
    let serve = async {
        let (mut socket, mut heard) = (server.accept().await, [0; 1000]);
        let length = socket.read(&mut heard).await.unwrap();
        socket.write_all(WORD).await.unwrap();
        String::from_utf8_lossy(&heard[..length]).into_owned()
    };
    let request = HttpRequest { query: Some("beta=true"), ..request(&server.base_url, "/v1/chat", PATIENT) };
    let (heard, reply) = tokio::join!(serve, server.transport.send(request));
    reply.unwrap();
    assert!(heard.starts_with("POST /v1/chat?beta=true HTTP/1.1\r\n"), "{heard}");
    let host = format!("host: {}\r\n", server.base_url.authority());
    assert_eq!(heard.matches("host:").count(), 1, "{heard}");
    assert!(heard.contains(&host), "{heard}");
}
