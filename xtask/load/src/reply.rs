//! Replies as they come: how much, how many events, when.

use crate::head;
use anyhow::{Context, bail};
use std::time::Instant;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// What came.
pub struct Received {
    pub status: u16,
    /// Blank lines in the body: each ends an event.
    pub events: u32,
    pub first_byte: Instant,
}

/// What is left of a connection's bytes between replies.
#[derive(Default)]
pub struct Buffer(Vec<u8>);

/// Reads one reply to its end. `arrived` is called with the time of each piece of a body.
///
/// # Errors
/// If it is cut, or no reply.
pub async fn read(
    stream: &mut TcpStream,
    buffer: &mut Buffer,
    mut arrived: impl FnMut(Instant),
) -> anyhow::Result<Received> {
    let bytes = &mut buffer.0;
    let head = loop {
        if let Some(head) = head::reply(bytes)? {
            break head;
        }
        more(stream, bytes).await?;
    };
    bytes.drain(..head.body_at);
    let mut received = Received { status: head.status, events: 0, first_byte: Instant::now() };
    if !head.chunked {
        while bytes.len() < head.length {
            more(stream, bytes).await?;
        }
        bytes.drain(..head.length);
        return Ok(received);
    }
    let mut last = 0_u8;
    loop {
        let Some((size, at)) = chunk_size(bytes)? else {
            more(stream, bytes).await?;
            arrived(Instant::now());
            continue;
        };
        // The data, and the line end behind it.
        while bytes.len() < at + size + 2 {
            more(stream, bytes).await?;
            arrived(Instant::now());
        }
        for byte in bytes.get(at..at + size).unwrap_or_default() {
            received.events += u32::from(*byte == b'\n' && last == b'\n');
            last = *byte;
        }
        bytes.drain(..at + size + 2);
        if size == 0 {
            return Ok(received);
        }
    }
}

/// Reads a reply as far as its first event, and gives its status.
///
/// # Errors
/// If it ends before.
pub async fn first_event(stream: &mut TcpStream) -> anyhow::Result<u16> {
    let mut bytes = Vec::new();
    loop {
        if let Some(head) = head::reply(&bytes)?
            && bytes.get(head.body_at..).unwrap_or_default().windows(2).any(|window| window == b"\n\n")
        {
            return Ok(head.status);
        }
        more(stream, &mut bytes).await?;
    }
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> anyhow::Result<()> {
    bytes.reserve(1 << 16);
    if stream.read_buf(bytes).await? == 0 {
        bail!("the connection was closed in the middle of a reply");
    }
    Ok(())
}

/// The size of the chunk at the beginning, and where its data begins; `None` while the line is not complete.
fn chunk_size(bytes: &[u8]) -> anyhow::Result<Option<(usize, usize)>> {
    match httparse::parse_chunk_size(bytes).ok().context("a size of a chunk")? {
        httparse::Status::Complete((at, size)) => Ok(Some((usize::try_from(size)?, at))),
        httparse::Status::Partial => Ok(None),
    }
}
