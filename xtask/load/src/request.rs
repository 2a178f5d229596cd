//! The request that is sent over and over.

use anyhow::Context;
use clap::Args;
use std::path::PathBuf;
use tokio::net::TcpStream;

/// What is sent, and where.
#[derive(Args)]
pub struct Request {
    /// Host and port
    #[arg(long)]
    target: String,
    #[arg(long)]
    path: String,
    /// A header, as `name: value`
    #[arg(long)]
    header: Vec<String>,
    /// A file with the body
    #[arg(long)]
    body: PathBuf,
}

impl Request {
    /// The request as it goes out.
    ///
    /// # Errors
    /// If the body can't be read.
    pub fn bytes(&self) -> anyhow::Result<Vec<u8>> {
        let body = std::fs::read(&self.body).with_context(|| format!("reading {}", self.body.display()))?;
        let mut head = format!("POST {} HTTP/1.1\r\nhost: {}\r\n", self.path, self.target);
        for header in &self.header {
            head += &format!("{header}\r\n");
        }
        head += &format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        Ok([head.as_bytes(), &body].concat())
    }

    /// A connection for it.
    ///
    /// # Errors
    /// If there is none.
    pub async fn connect(&self) -> anyhow::Result<TcpStream> {
        let stream =
            TcpStream::connect(&self.target).await.with_context(|| format!("connecting to {}", self.target))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
