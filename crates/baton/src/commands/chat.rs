//! `baton chat`.

use super::output;
use crate::client::{ApiCall, Client, Server};
use crate::config::Environment;
use anyhow::bail;
use baton_provider::transport::Reply;
use clap::Args;
use http::Method;
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

/// Talks with a model of a running Baton; answers appear as they come, with their tokens and cost.
///
/// Ends with Ctrl-D or an empty line. Example: baton chat gpt-4o-mini "What is a baton?"
#[derive(Args)]
pub struct Chat {
    #[command(flatten)]
    server: Server,
    /// The model
    model: String,
    /// What to say; without it, lines are read from the terminal or the standard input
    prompt: Option<String>,
    /// Instructions
    #[arg(long)]
    system: Option<String>,
}

/// One answer.
#[derive(Default)]
struct Answer {
    text: String,
    usage: Value,
    summary: Value,
}

impl Chat {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
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
            let mut said = String::new();
            // A person types while nothing else happens here, so blocking is all right.
            if std::io::stdin().lock().read_line(&mut said)? == 0 || said.trim().is_empty() {
                return Ok(ExitCode::SUCCESS);
            }
            self.turn(&client, &mut messages, said.trim()).await?;
        }
    }

    async fn turn(&self, client: &Client, messages: &mut Vec<Value>, said: &str) -> anyhow::Result<()> {
        messages.push(json!({ "role": "user", "content": said }));
        let body = json!({
            "model_id": self.model,
            "messages": messages,
            "stream": true,
            "stream_options": { "include_usage": true },
        });
        let reply =
            client.stream(ApiCall { body: Some(&body), ..ApiCall::new(Method::POST, "/api/models/chat") }).await?;
        let answer = read(reply, !self.server.json).await?;
        messages.push(json!({ "role": "assistant", "content": answer.text }));
        if self.server.json {
            output::json(&json!({ "text": answer.text, "usage": answer.usage, "summary": answer.summary }));
            return Ok(());
        }
        let told =
            |value: &Value, pointer: &str| value.pointer(pointer).map(output::cell).unwrap_or_else(|| "?".into());
        let cost = match answer.summary.pointer("/cost") {
            Some(Value::Null) | None => "unpriced".to_owned(),
            Some(cost) => format!("${cost}"),
        };
        output::line(&format!(
            "\n[{} · {} tokens in, {} out · {cost} · {} ms]",
            told(&answer.summary, "/model_id"),
            told(&answer.usage, "/prompt_tokens"),
            told(&answer.usage, "/completion_tokens"),
            told(&answer.summary, "/latency_ms"),
        ));
        Ok(())
    }
}

async fn read(mut reply: Reply, show: bool) -> anyhow::Result<Answer> {
    let mut answer = Answer::default();
    let mut pending = Vec::new();
    while let Some(piece) = reply.piece().await.map_err(|error| anyhow::anyhow!("{}", error.message))? {
        pending.extend_from_slice(&piece);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            take(&line, &mut answer, show)?;
        }
    }
    // Baton's last event sums the request up; a stream without it was cut, or was never Baton's.
    if answer.summary.is_null() {
        bail!("the reply ended before it was complete");
    }
    Ok(answer)
}

fn take(line: &[u8], answer: &mut Answer, show: bool) -> anyhow::Result<()> {
    let Some(data) = line.strip_prefix(b"data:") else { return Ok(()) };
    let Ok(event) = serde_json::from_slice::<Value>(data) else { return Ok(()) };
    if let Some(message) = event.pointer("/error/message").and_then(Value::as_str) {
        bail!("the answer broke off: {message}");
    }
    if event.get("request_id").is_some() {
        answer.summary = event;
        return Ok(());
    }
    if let Some(usage) = event.get("usage").filter(|usage| !usage.is_null()) {
        answer.usage = usage.clone();
    }
    if let Some(text) = event.pointer("/choices/0/delta/content").and_then(Value::as_str) {
        answer.text.push_str(text);
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
    std::io::stdout().flush()
}
