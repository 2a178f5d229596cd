//! The attacks. Each begins, and gives back what has to be kept so that it goes on.

use crate::running::KEY;
use std::any::Any;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// What an attack holds while it lasts.
pub type Held = Box<dyn Any>;
/// Begins an attack that lasts until then.
pub type Attack = fn(&Target, Instant) -> std::io::Result<Held>;

/// Every attack, by name.
pub const ATTACKS: &[(&str, Attack)] = &[
    ("idle connections", idle),
    ("half a head", half_heads),
    ("slow readers", slow_readers),
    ("HTTP/2 without a window", closed_windows),
    ("large bodies", large_bodies),
    ("large bodies without key", large_bodies_without_key),
    ("dripping bodies", dripping_bodies),
    ("a body of many fields", many_fields),
    ("guessed keys", guessed_keys),
];

/// The Baton that is attacked.
#[derive(Clone)]
pub struct Target {
    /// Host and port.
    pub address: String,
    /// The attacker's key. The well-behaved client has one of its own.
    pub attacker: String,
}

/// Long enough for every reply here; a reply that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(10);

impl Target {
    fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    /// A head with a key, for a body of that length.
    fn head(&self, path: &str, key: &str, length: usize) -> String {
        format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n",
            self.address
        )
    }

    /// Sends a request and reads the reply; its status and text.
    fn ask(&self, request: &[u8]) -> std::io::Result<(u16, String)> {
        let mut stream = self.connect()?;
        // A refusal may come before all is written.
        let _ = stream.write_all(request);
        let mut reply = Vec::new();
        match stream.read_to_end(&mut reply) {
            Err(error) if reply.is_empty() => return Err(error),
            // A reset after a part of the reply is what a refusal looks like to a client that still writes.
            _ => {}
        }
        let reply = String::from_utf8_lossy(&reply).into_owned();
        let status = reply.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.ok_or_else(|| std::io::Error::other(format!("no reply but `{reply}`")))?;
        Ok((status, reply))
    }

    fn get(&self, path: &str) -> std::io::Result<(u16, String)> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\r\n",
            self.address
        );
        self.ask(request.as_bytes())
    }

    /// Asks whether it lives.
    pub fn health(&self) -> std::io::Result<()> {
        let (status, reply) = self.get("/health/live")?;
        if status == 200 { Ok(()) } else { Err(std::io::Error::other(reply)) }
    }

    /// A small chat. What is refused because the node is busy is asked again, as SDKs do.
    pub fn chat(&self) -> std::io::Result<()> {
        let body = r#"{"model":"gpt","messages":[{"role":"user","content":"Say hello"}]}"#;
        for _ in 0..3 {
            let (status, reply) =
                self.ask([self.head("/v1/chat/completions", KEY, body.len()).as_str(), body].concat().as_bytes())?;
            match status {
                200 => return Ok(()),
                503 | 429 => std::thread::sleep(Duration::from_millis(200)),
                _ => return Err(std::io::Error::other(reply)),
            }
        }
        Err(std::io::Error::other("refused three times"))
    }

    /// Waits until nothing is held any more.
    pub fn wait_until_free(&self, attack: &str, within: Duration) {
        let until = Instant::now() + within;
        loop {
            let (_, metrics) = self.get("/metrics").unwrap();
            let held = ["baton_requests_in_flight ", "baton_body_bytes_in_flight "].map(|name| gauge(&metrics, name));
            if held == [Some(0), Some(0)] {
                return;
            }
            assert!(
                Instant::now() < until,
                "{attack}: still held after {within:?}: {held:?} (requests, bytes of bodies)"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn gauge(metrics: &str, name: &str) -> Option<i64> {
    metrics.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok()
}

/// More than the buffers on its way hold, and little enough that the simulated provider is not what costs time.
fn stream_body() -> String {
    r#"{"model":"gpt","stream":true,"messages":[{"role":"user","content":"3000 words"}]}"#.to_owned()
}

fn idle(target: &Target, _: Instant) -> std::io::Result<Held> {
    // More than may be open: the others are refused at once.
    Ok(Box::new((0..1200).filter_map(|_| TcpStream::connect(&target.address).ok()).collect::<Vec<_>>()))
}

fn half_heads(target: &Target, _: Instant) -> std::io::Result<Held> {
    let mut held = Vec::new();
    for _ in 0..400 {
        let mut stream = target.connect()?;
        let _ = stream.write_all(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nx-more");
        held.push(stream);
    }
    Ok(Box::new(held))
}

fn slow_readers(target: &Target, _: Instant) -> std::io::Result<Held> {
    let body = stream_body();
    let mut held = Vec::new();
    for _ in 0..120 {
        let mut stream = target.connect()?;
        let _ = stream.write_all(
            [target.head("/v1/chat/completions", &target.attacker, body.len()).as_str(), &body].concat().as_bytes(),
        );
        held.push(stream);
    }
    Ok(Box::new(held))
}

/// Each on a connection of its own runtime thread: streams that are asked for and never given a window.
fn closed_windows(target: &Target, until: Instant) -> std::io::Result<Held> {
    let (target, body) = (target.clone(), stream_body());
    let address = target.address.clone();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut held = Vec::new();
            for _ in 0..5 {
                let socket = tokio::net::TcpStream::connect(&address).await.unwrap();
                let (mut client, connection) = h2::client::Builder::new()
                    .initial_window_size(0)
                    .handshake::<_, bytes::Bytes>(socket)
                    .await
                    .unwrap();
                tokio::spawn(connection);
                for _ in 0..40 {
                    let Ok(ready) = client.ready().await else { break };
                    client = ready;
                    let request = http::Request::post(format!("http://{address}/v1/chat/completions"))
                        .header("authorization", format!("Bearer {}", target.attacker))
                        .header("content-type", "application/json")
                        .body(())
                        .unwrap();
                    let Ok((response, mut sending)) = client.send_request(request, false) else { break };
                    let _ = sending.send_data(bytes::Bytes::from(body.clone()), true);
                    held.push((response, sending));
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            tokio::time::sleep_until(until.into()).await;
        });
    });
    Ok(Box::new(thread))
}

/// Sends one large body after another, each on a thread of its own.
fn send_large(target: &Target, key: &str, until: Instant) -> Held {
    let threads: Vec<_> = (0..12)
        .map(|_| {
            let (target, key) = (target.clone(), key.to_owned());
            std::thread::spawn(move || {
                let piece = vec![b'x'; 1 << 20];
                while Instant::now() < until {
                    let Ok(mut stream) = target.connect() else { continue };
                    // The beginning of a real request, so that it is not refused for its first byte.
                    let begin = r#"{"model":"gpt","messages":[{"role":"user","content":""#;
                    let _ = stream.write_all(target.head("/v1/chat/completions", &key, 60 << 20).as_bytes());
                    let _ = stream.write_all(begin.as_bytes());
                    for _ in 0..60 {
                        if stream.write_all(&piece).is_err() || Instant::now() >= until {
                            break;
                        }
                    }
                    // A refusal is what is expected; asked again at once it would only load this machine.
                    std::thread::sleep(Duration::from_millis(50));
                }
            })
        })
        .collect();
    Box::new(threads)
}

fn large_bodies(target: &Target, until: Instant) -> std::io::Result<Held> {
    Ok(send_large(target, &target.attacker, until))
}

fn large_bodies_without_key(target: &Target, until: Instant) -> std::io::Result<Held> {
    Ok(send_large(target, "bt-no-such-key-00000000000000000000000000000000", until))
}

fn dripping_bodies(target: &Target, until: Instant) -> std::io::Result<Held> {
    let target = target.clone();
    let thread = std::thread::spawn(move || {
        let mut streams: Vec<TcpStream> = (0..200).filter_map(|_| target.connect().ok()).collect();
        for stream in &mut streams {
            let _ = stream.write_all(target.head("/v1/chat/completions", &target.attacker, 1 << 20).as_bytes());
        }
        while Instant::now() < until {
            // Connections that were ended are not opened again: how soon they end is what is measured.
            streams.retain_mut(|stream| stream.write_all(b"x").is_ok());
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    Ok(Box::new(thread))
}

/// A body that is small and means much, for a model of another format: it has to be translated.
fn many_fields(target: &Target, until: Instant) -> std::io::Result<Held> {
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let target = target.clone();
            std::thread::spawn(move || {
                let message = r#"{"role":"user","content":"a"},"#;
                let mut body = String::from(r#"{"model":"claude","messages":["#);
                // Below the bound on bodies that are translated, so that it is really parsed: some 400,000 messages.
                while body.len() < 12 << 20 {
                    body.push_str(message);
                }
                body.push_str(r#"{"role":"user","content":"a"}]}"#);
                let request =
                    [target.head("/v1/chat/completions", &target.attacker, body.len()).as_str(), &body].concat();
                while Instant::now() < until {
                    let _ = target.ask(request.as_bytes());
                }
            })
        })
        .collect();
    Ok(Box::new(threads))
}

fn guessed_keys(target: &Target, until: Instant) -> std::io::Result<Held> {
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let target = target.clone();
            std::thread::spawn(move || -> std::io::Result<()> {
                let mut number = 0_u64;
                'connect: while Instant::now() < until {
                    let mut stream = target.connect()?;
                    let mut buffer = [0; 4096];
                    while Instant::now() < until {
                        number += 1;
                        let request = format!(
                            "GET /v1/models HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer bt-guess-{thread}-{number:040}\r\n\r\n",
                            target.address
                        );
                        let read = stream.write_all(request.as_bytes()).and_then(|()| stream.read(&mut buffer));
                        match read {
                            Ok(0) | Err(_) => continue 'connect,
                            Ok(_) => {}
                        }
                    }
                }
                Ok(())
            })
        })
        .collect();
    Ok(Box::new(threads))
}
