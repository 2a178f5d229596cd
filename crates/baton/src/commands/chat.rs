//! `baton chat`.

use super::output::{self, Format};
use crate::client::{ApiCall, ApiClient, Server};
use crate::config::Environment;
use anyhow::bail;
use baton_provider_api::transport::HttpReply;
use clap::Args;
use http::Method;
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

/// Chats with a model; replies appear as they come, with their tokens and cost.
///
/// End with Ctrl-D or an empty line. Example: baton chat gpt-4o-mini "What is a baton?"
#[derive(Args)]
pub struct ChatCommand {
    #[command(flatten)]
    server: Server,
    /// The model
    model: String,
    /// The prompt [default: lines from the terminal or the standard input]
    prompt: Option<String>,
    /// Instructions for the model
    #[arg(long)]
    system: Option<String>,
}

/// One reply.
#[derive(Default)]
struct ChatReply {
    text: String,
    usage: Value,
    summary: Value,
}

impl ChatCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        if self.server.output.format() == Format::Csv {
            bail!("a chat can't be printed as CSV; use --output json");
        }
        let client = self.server.client(environment)?;
        let mut messages: Vec<Value> =
            self.system.iter().map(|text| json!({ "role": "system", "content": text })).collect();
        if let Some(prompt) = &self.prompt {
            self.turn(&client, &mut messages, prompt).await?;
            return Ok(ExitCode::SUCCESS);
        }
        let terminal = std::io::stdin().is_terminal();
        loop {
            if terminal {
                print("> ")?;
            }
            let mut prompt = String::new();
            // A person types while nothing else happens here, so blocking is all right.
            if std::io::stdin().lock().read_line(&mut prompt)? == 0 || prompt.trim().is_empty() {
                return Ok(ExitCode::SUCCESS);
            }
            self.turn(&client, &mut messages, prompt.trim()).await?;
        }
    }

    async fn turn(&self, client: &ApiClient, messages: &mut Vec<Value>, prompt: &str) -> anyhow::Result<()> {
        messages.push(json!({ "role": "user", "content": prompt }));
        let body = json!({
            "model_id": self.model,
            "messages": messages,
            "stream": true,
            "stream_options": { "include_usage": true },
        });
        let reply =
            client.stream(ApiCall { body: Some(&body), ..ApiCall::new(Method::POST, "/api/models/chat") }).await?;
        let as_json = self.server.output.format() == Format::Json;
        let reply = read(reply, !as_json).await?;
        // The call keeps no conversation, so each turn sends all of it again.
        messages.push(json!({ "role": "assistant", "content": reply.text }));
        if as_json {
            output::print_json(&json!({ "text": reply.text, "usage": reply.usage, "summary": reply.summary }));
            return Ok(());
        }
        let text =
            |value: &Value, pointer: &str| value.pointer(pointer).map(output::cell).unwrap_or_else(|| "?".into());
        let cost = match reply.summary.pointer("/cost") {
            // A model without a price is not free.
            Some(Value::Null) | None => "unpriced".to_owned(),
            Some(cost) => format!("${}", output::cell(cost)),
        };
        output::print_line(&format!(
            "\n[{} · {} tokens in, {} out · {cost} · {} ms]",
            text(&reply.summary, "/model_id"),
            text(&reply.usage, "/prompt_tokens"),
            text(&reply.usage, "/completion_tokens"),
            text(&reply.summary, "/latency_ms"),
        ));
        Ok(())
    }
}

async fn read(mut stream: HttpReply, show: bool) -> anyhow::Result<ChatReply> {
    let mut reply = ChatReply::default();
    let mut pending = Vec::new();
    while let Some(piece) = stream.next_piece().await.map_err(|error| anyhow::anyhow!("{}", error.message))? {
        pending.extend_from_slice(&piece);
        // Pieces end anywhere, within a letter too, so only whole lines are read as text.
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            read_line(&line, &mut reply, show)?;
        }
    }
    // Baton's last event sums the request up; a stream without it was cut, or was never Baton's.
    if reply.summary.is_null() {
        bail!("the reply ended before it was complete");
    }
    Ok(reply)
}

/// Reads one line of the event stream.
fn read_line(line: &[u8], reply: &mut ChatReply, show: bool) -> anyhow::Result<()> {
    let Some(data) = line.strip_prefix(b"data:") else { return Ok(()) };
    // `[DONE]` is no JSON.
    let Ok(event) = serde_json::from_slice::<Value>(data) else { return Ok(()) };
    // The status was sent before the provider failed, so a failure in the middle comes as an event.
    if let Some(message) = event.pointer("/error/message").and_then(Value::as_str) {
        bail!("the reply was interrupted: {message}");
    }
    // Only Baton's summary has one.
    if event.get("request_id").is_some() {
        reply.summary = event;
        return Ok(());
    }
    if let Some(usage) = event.get("usage").filter(|usage| !usage.is_null()) {
        reply.usage = usage.clone();
    }
    if let Some(text) = event.pointer("/choices/0/delta/content").and_then(Value::as_str) {
        reply.text.push_str(text);
        if show {
            print(text)?;
        }
    }
    Ok(())
}

/// Prints at once, without a new line.
#[expect(clippy::print_stdout, reason = "the conversation belongs on the terminal")]
fn print(text: &str) -> std::io::Result<()> {
    print!("{text}");
    // Standard output waits for the end of a line, and a reply comes word by word.
    std::io::stdout().flush()
}
