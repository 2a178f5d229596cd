//! Streams that stay open: what memory they take is measured while they do.

use crate::reply;
use crate::request::Request;
use anyhow::ensure;
use clap::Args;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// Opens a number of streams, says so in a line when each has its first event, and holds them until its input ends
#[derive(Args)]
pub struct Hold {
    #[command(flatten)]
    request: Request,
    #[arg(long)]
    connections: u32,
}

impl Hold {
    pub async fn run(self) -> anyhow::Result<()> {
        let request = self.request.bytes()?;
        let mut open = Vec::new();
        // One after the other: a queue of connections that is full would be measured otherwise.
        for _ in 0..self.connections {
            open.push(self.open(&request).await?);
        }
        println!("open");
        // Nothing is done meanwhile, so this thread may wait.
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
        Ok(())
    }

    async fn open(&self, request: &[u8]) -> anyhow::Result<TcpStream> {
        let mut stream = self.request.connect().await?;
        stream.write_all(request).await?;
        let status = reply::first_event(&mut stream).await?;
        ensure!(status == 200, "status {status}");
        Ok(stream)
    }
}
