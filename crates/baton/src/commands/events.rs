//! `baton events`.

use super::output::{self, Format};
use crate::client::{ApiCall, ApiClient, Server};
use crate::config::Environment;
use clap::Args;
use http::Method;
use serde_json::Value;
use std::process::ExitCode;
use std::time::Duration;

/// The wait before a stream that ended is opened again.
const AGAIN: Duration = Duration::from_secs(1);

/// Prints events as they happen, until Ctrl-C.
///
/// As JSON or CSV, each event is one line. Example: baton events --types model.updated,key.revoked
#[derive(Args)]
pub struct EventsCommand {
    #[command(flatten)]
    server: Server,
    /// Only events of these types [default: all]
    #[arg(long, value_delimiter = ',')]
    types: Vec<String>,
    /// Start after the event of this id, or with the `oldest` event [default: now]
    #[arg(long, value_name = "ID")]
    after: Option<String>,
}

impl EventsCommand {
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
    async fn listen(&mut self, client: &ApiClient) -> anyhow::Result<()> {
        let types = (!self.types.is_empty()).then(|| self.types.join(","));
        let parameters = [("types", types), ("after", self.after.clone())];
        let query: Vec<(&str, &str)> =
            parameters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
        let call = ApiCall { query: &query, ..ApiCall::new(Method::GET, "/api/events") };
        let mut reply = client.stream(call).await?;
        let (mut pending, mut data) = (Vec::new(), Vec::new());
        // A connection that breaks is no error: `run` opens the stream again after the event that was shown last.
        while let Ok(Some(piece)) = reply.next_piece().await {
            pending.extend_from_slice(&piece);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                match line.strip_prefix(b"data: ") {
                    // An event ends with an empty line and not with its `data`.
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
        match self.server.output.format() {
            Format::Table => output::print_line(&format!("{}  {}  {}", text("time"), text("type"), text("subject"))),
            // On one line, unlike other JSON, because there is no end at which a list could be closed.
            Format::Json => output::print_line(&event.to_string()),
            Format::Csv => output::print_text(&output::csv_line(&["id", "time", "type", "subject"].map(&text))),
        }
        // After it was printed: an event may be shown twice, and none is left out.
        self.after = Some(text("id"));
    }
}
