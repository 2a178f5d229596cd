//! What a request costs in the HTTP client: CPU time of the thread that sends it, beside the least that hyper needs.
//!
//! `cargo bench -p baton-provider-api` prints both. The upstream is a process of its own, so that instructions can be
//! counted too: `valgrind --tool=callgrind target/release/deps/transport-… transport plain 1000` counts those of 1,000
//! requests and of the start, which a second run with another number tells apart.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use baton_provider_api::Transport;
use baton_provider_api::transport::{BaseUrl, CallBounds, HttpRequest};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::future::poll_fn;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::pin;
use std::process::{Child, Command, Stdio};
use std::task::Poll;
use std::time::Duration;

/// The events of a stream.
const EVENTS: usize = 200;

/// The size of a plain reply and of its request, in bytes.
const PLAIN: usize = 1000;

const HOUR: Duration = Duration::from_secs(3600);

/// What is sent and received.
#[derive(Clone, Copy)]
enum Work {
    /// A reply in one piece.
    Plain,
    /// A stream whose events come all at once.
    Burst,
    /// A stream whose events come one by one, each when the one before has arrived.
    Drip,
}

impl Work {
    const ALL: [(&'static str, Self); 3] = [("plain", Self::Plain), ("burst", Self::Burst), ("drip", Self::Drip)];

    fn path(self) -> &'static str {
        match self {
            Self::Plain => "/plain",
            Self::Burst => "/burst",
            Self::Drip => "/drip",
        }
    }

    fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|(known, _)| *known == name).unwrap().1
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["upstream"] => serve(),
        [client, work, count] => run(client, Work::named(work), count.parse().unwrap()),
        _ => compare(),
    }
}

/// Each client in turn, several times; the median of each.
fn compare() {
    for (name, work) in Work::ALL {
        let count = if matches!(work, Work::Plain) { 20_000 } else { 1000 };
        let (mut ours, mut least) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            ours.push(measure("transport", work, count));
            least.push(measure("hyper", work, count));
        }
        let median = |times: &mut Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        let (ours, least) = (median(&mut ours), median(&mut least));
        println!("{name:6} transport {ours:7.1} µs, hyper {least:7.1} µs, {:.2} times", ours / least);
    }
}

/// The CPU time of one request in microseconds.
fn measure(client: &str, work: Work, count: usize) -> f64 {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
    };
    let start = now();
    run(client, work, count);
    (now() - start) / count as f64
}

fn run(client: &str, work: Work, count: usize) {
    let mut upstream = Upstream::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bytes = match client {
        "transport" => runtime.block_on(by_transport(&mut upstream, work, count)),
        _ => runtime.block_on(by_hyper(&mut upstream, work, count)),
    };
    let expected = if matches!(work, Work::Plain) { PLAIN } else { EVENTS * event(0).len() };
    assert_eq!(bytes, count * expected);
}

async fn by_transport(upstream: &mut Upstream, work: Work, count: usize) -> usize {
    let base_url = BaseUrl::parse(&format!("http://{}", upstream.address)).unwrap();
    let transport = Transport::default();
    let body = Bytes::from(vec![b'a'; PLAIN]);
    let mut bytes = 0;
    for _ in 0..count {
        let request = HttpRequest {
            peer: "provider `p`".into(),
            method: Method::POST,
            base_url: &base_url,
            path: work.path(),
            query: None,
            headers: headers(),
            body: body.clone(),
            bounds: CallBounds { first_token: Some(HOUR), idle: HOUR, total: HOUR },
        };
        let mut reply = transport.send(request).await.unwrap();
        while let Some(piece) = reply.next_piece().await.unwrap() {
            bytes += piece.len();
            upstream.note_arrival(work);
        }
    }
    bytes
}

/// One connection, polled by the task that reads the reply.
async fn by_hyper(upstream: &mut Upstream, work: Work, count: usize) -> usize {
    let socket = tokio::net::TcpStream::connect(upstream.address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.unwrap();
    let mut connection = pin!(connection);
    let body = Bytes::from(vec![b'a'; PLAIN]);
    let host = HeaderValue::from_str(&upstream.address.to_string()).unwrap();
    let mut bytes = 0;
    for _ in 0..count {
        let mut request = Request::post(work.path()).body(Full::new(body.clone())).unwrap();
        *request.headers_mut() = headers();
        request.headers_mut().insert(header::HOST, host.clone());
        request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let mut sent = pin!(sender.send_request(request));
        let response = poll_fn(|context| {
            if sent.as_mut().poll(context).is_pending() {
                let _ = connection.as_mut().poll(context);
                return sent.as_mut().poll(context);
            }
            unreachable!("nothing else polls the connection")
        });
        let mut reply = response.await.unwrap().into_body();
        loop {
            let mut frame = reply.frame();
            let next = poll_fn(|context| match std::pin::Pin::new(&mut frame).poll(context) {
                Poll::Pending => {
                    let _ = connection.as_mut().poll(context);
                    std::pin::Pin::new(&mut frame).poll(context)
                }
                ready => ready,
            });
            let Some(frame) = next.await else { break };
            let piece = frame.unwrap().into_data().unwrap();
            bytes += piece.len();
            upstream.note_arrival(work);
        }
    }
    bytes
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer sk-0123456789abcdef0123456789abcdef"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers
}

/// A server that costs the measured thread nothing: this program again, in another process.
struct Upstream {
    process: Child,
    address: SocketAddr,
}

impl Upstream {
    fn start() -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut process = command.arg("upstream").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, address: line.trim().parse().unwrap() }
    }

    /// Lets the next event come.
    fn note_arrival(&mut self, work: Work) {
        if matches!(work, Work::Drip) {
            self.process.stdin.as_mut().unwrap().write_all(b".").unwrap();
        }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Replies to one connection after the other, by the path alone.
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    for socket in listener.incoming() {
        serve_connection(socket.unwrap());
    }
}

fn serve_connection(mut socket: TcpStream) {
    socket.set_nodelay(true).unwrap();
    let plain = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {PLAIN}\r\n\r\n");
    let plain = [plain.as_bytes(), &[b'a'; PLAIN]].concat();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = |number| format!("{:x}\r\n{}\r\n", event(number).len(), event(number));
    let burst = [head, &(0..EVENTS).map(chunk).collect::<String>(), "0\r\n\r\n"].concat();
    let (mut heard, mut length) = (vec![0; 64 << 10], 0);
    loop {
        // Requests come one after the other, so a body of the known length is the end of one.
        let end = heard[..length].windows(4).position(|window| window == b"\r\n\r\n");
        if end.is_none_or(|end| length < end + 4 + PLAIN) {
            match socket.read(&mut heard[length..]).unwrap_or(0) {
                0 => return,
                read => length += read,
            }
            continue;
        }
        length = 0;
        if heard.starts_with(b"POST /plain") {
            socket.write_all(&plain).unwrap();
        } else if heard.starts_with(b"POST /burst") {
            socket.write_all(burst.as_bytes()).unwrap();
        } else {
            socket.write_all(head.as_bytes()).unwrap();
            for number in 0..EVENTS {
                socket.write_all(chunk(number).as_bytes()).unwrap();
                std::io::stdin().read_exact(&mut [0]).unwrap();
            }
            socket.write_all(b"0\r\n\r\n").unwrap();
        }
    }
}

/// An event of a chat, as OpenAI sends it.
fn event(number: usize) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,\
         \"model\":\"gpt-5\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word {number:04}\"}},\
         \"finish_reason\":null}}]}}\n\n"
    )
}
