//! Requests as plain HTTP/1.1 on a socket, so that what is recorded is what was sent.

use anyhow::Context;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A request.
#[derive(Clone)]
pub struct Request {
    /// GET or POST.
    pub method: &'static str,
    /// Its path and query.
    pub path: String,
    /// Headers beside the usual.
    pub headers: Vec<(&'static str, String)>,
    /// Its media type.
    pub content_type: String,
    /// Its body.
    pub body: Vec<u8>,
    /// Whether the client leaves after the first bytes of the reply.
    pub leaves: bool,
}

impl Request {
    /// A JSON request.
    pub fn post(path: &str, body: &Value) -> Self {
        Self {
            method: "POST",
            path: path.into(),
            headers: Vec::new(),
            content_type: "application/json".into(),
            body: body.to_string().into_bytes(),
            leaves: false,
        }
    }

    /// A request without body.
    pub fn get(path: &str) -> Self {
        Self { method: "GET", body: Vec::new(), ..Self::post(path, &Value::Null) }
    }
}

/// A reply.
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its head as it came.
    pub head: String,
    /// Its body, chunks joined.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// If it is none.
    pub fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).context("the body is no JSON")
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The JSON of each server-sent event.
    pub fn events(&self) -> Vec<Value> {
        self.text().lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data:")?.trim()).ok()).collect()
    }
}

/// Sends a request and reads the whole reply.
///
/// # Errors
/// If the connection fails or the reply is no HTTP.
pub fn ask(url: &str, request: &Request) -> anyhow::Result<Reply> {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    // A model that is loaded first takes minutes.
    stream.set_read_timeout(Some(Duration::from_secs(600)))?;
    let more: String = request.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(
        stream,
        "{} {} HTTP/1.1\r\nhost: {address}\r\ncontent-type: {}\r\ncontent-length: {}\r\nconnection: close\r\n{more}\r\n",
        request.method,
        request.path,
        request.content_type,
        request.body.len(),
    )?;
    stream.write_all(&request.body)?;
    let mut bytes = Vec::new();
    if request.leaves {
        // Leaving is dropping the connection with the rest unread.
        let mut some = [0; 2048];
        let read = stream.read(&mut some)?;
        bytes.extend_from_slice(&some[..read]);
    } else {
        stream.read_to_end(&mut bytes)?;
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> anyhow::Result<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("no end of the head")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split_whitespace().nth(1).and_then(|word| word.parse().ok()).context("no status")?;
    let rest = &bytes[end + 4..];
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Ok(Reply { status, head, body: if chunked { joined(rest) } else { rest.to_vec() } })
}

/// The chunks of a chunked body, joined; a cut one as far as it goes.
fn joined(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(String::from_utf8_lossy(&rest[..end]).trim(), 16).unwrap_or(0);
        let from = end + 2;
        if size == 0 || from + size > rest.len() {
            break;
        }
        body.extend_from_slice(&rest[from..from + size]);
        rest = &rest[(from + size + 2).min(rest.len())..];
    }
    body
}
