//! Heads of HTTP/1.1 messages, as far as a measurement needs them.

use anyhow::{Context, bail};

const HEADERS: usize = 64;

/// A head, and where the body begins.
pub struct Head {
    /// Of a request.
    pub path: String,
    /// Of a reply.
    pub status: u16,
    pub length: usize,
    pub chunked: bool,
    pub body_at: usize,
}

/// The head of a request; `None` while it is not complete.
///
/// # Errors
/// If it is none.
pub fn request(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(body_at) = request.parse(bytes)? else { return Ok(None) };
    let path = request.path.context("a path")?.to_owned();
    let (length, chunked) = framing(request.headers)?;
    Ok(Some(Head { path, status: 0, length, chunked, body_at }))
}

/// The head of a reply; `None` while it is not complete.
///
/// # Errors
/// If it is none.
pub fn reply(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut reply = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(body_at) = reply.parse(bytes)? else { return Ok(None) };
    let status = reply.code.context("a status")?;
    let (length, chunked) = framing(reply.headers)?;
    Ok(Some(Head { path: String::new(), status, length, chunked, body_at }))
}

fn framing(headers: &[httparse::Header<'_>]) -> anyhow::Result<(usize, bool)> {
    let (mut length, mut chunked) = (0, false);
    for header in headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            length = std::str::from_utf8(header.value)?.trim().parse().context("content-length")?;
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = true;
        } else if header.name.eq_ignore_ascii_case("connection") && header.value.eq_ignore_ascii_case(b"close") {
            bail!("the connection is closed: it would be measured to connect");
        }
    }
    Ok((length, chunked))
}
