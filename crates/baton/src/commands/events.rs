//! `baton events`.

use super::output;
use crate::client::{ApiCall, Client, Server};
use crate::config::Environment;
use clap::Args;
use http::Method;
use serde_json::Value;
use std::process::ExitCode;
use std::time::Duration;

/// The wait before a stream that ended is opened again.
const AGAIN: Duration = Duration::from_secs(1);

/// Prints what happens in a running Baton, as it happens, until Ctrl-C.
///
/// With --json each event is a line. Example: baton events --types model.updated,key.revoked
#[derive(Args)]
pub struct Events {
    #[command(flatten)]
    server: Server,
    /// Only these types; by default all
    #[arg(long, value_delimiter = ',')]
    types: Vec<String>,
    /// Goes on after the event of this id; `oldest` begins with the oldest that is kept; by default from now on
    #[arg(long)]
    after: Option<String>,
}

impl Events {
    /// Runs it.
    pub async fn run(mut self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        loop {
            self.listen(&client).await?;
            // The node stopped, or has said nothing for long.
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Prints events until the stream ends, and remembers the last.
    async fn listen(&mut self, client: &Client) -> anyhow::Result<()> {
        let types = (!self.types.is_empty()).then(|| self.types.join(","));
        let parameters = [("types", types), ("after", self.after.clone())];
        let query: Vec<(&str, &str)> =
            parameters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
        let call = ApiCall { query: &query, ..ApiCall::new(Method::GET, "/api/events") };
        let mut reply = client.stream(call).await?;
        let (mut pending, mut data) = (Vec::new(), Vec::new());
        while let Ok(Some(piece)) = reply.piece().await {
            pending.extend_from_slice(&piece);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                match line.strip_prefix(b"data: ") {
                    Some(line) => data.extend_from_slice(line),
                    None if line == b"\n" => self.show(&std::mem::take(&mut data)),
                    None => {}
                }
            }
        }
        Ok(())
    }

    fn show(&mut self, data: &[u8]) {
        let Ok(event) = serde_json::from_slice::<Value>(data) else { return };
        let text = |name: &str| event.get(name).map(output::cell).unwrap_or_default();
        if self.server.json {
            output::line(&event.to_string());
        } else {
            output::line(&format!("{}  {}  {}", text("time"), text("type"), text("subject")));
        }
        self.after = Some(text("id"));
    }
}
