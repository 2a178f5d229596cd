//! An upstream that costs almost nothing: it reads a request and writes what was made before.

use crate::head;
use crate::replies::{Canned, Replies};
use anyhow::{Context, bail};
use clap::Args;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Replies to OpenAI's and Anthropic's requests for chats and embeddings
#[derive(Args)]
pub struct Upstream {
    /// Where it listens
    #[arg(long)]
    listen: String,
}

impl Upstream {
    pub async fn run(self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(&self.listen).await.context("listening")?;
        let replies = Rc::new(Replies::new());
        let local = tokio::task::LocalSet::new();
        local
            .run_until(async {
                loop {
                    let (stream, _) = listener.accept().await?;
                    stream.set_nodelay(true)?;
                    let replies = Rc::clone(&replies);
                    tokio::task::spawn_local(async move {
                        // A client that leaves in the middle is no fault of a measurement.
                        let _ = serve(stream, &replies).await;
                    });
                }
            })
            .await
    }
}

/// A prompt with this holds its stream open after the first events.
const HOLD: &[u8] = b"hold the stream";
/// The head and two events.
const BEFORE_HOLD: usize = 3;

async fn serve(mut stream: TcpStream, replies: &Replies) -> anyhow::Result<()> {
    let mut bytes = Vec::with_capacity(1 << 16);
    loop {
        let head = loop {
            if let Some(head) = head::request(&bytes)? {
                break head;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        };
        if head.chunked {
            bail!("bodies in chunks are not read here");
        }
        let end = head.body_at + head.length;
        while bytes.len() < end {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        }
        let body = bytes.get(head.body_at..end).unwrap_or_default();
        let hold = memchr::memmem::find(body, HOLD).is_some();
        match replies.find(&head.path, body) {
            Canned::Stream(writes) if hold => {
                for write in writes.iter().take(BEFORE_HOLD) {
                    stream.write_all(write).await?;
                }
                // Until the other side leaves.
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await?;
                return Ok(());
            }
            Canned::Whole(reply) => stream.write_all(reply).await?,
            Canned::Stream(writes) => {
                for write in writes {
                    stream.write_all(write).await?;
                }
            }
        }
        bytes.drain(..end);
    }
}
