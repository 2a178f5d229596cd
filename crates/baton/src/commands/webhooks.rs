//! `baton webhooks`.

use super::output;
use crate::client::{ApiCall, Expected, Field, Server, segment};
use crate::config::Environment;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Registers the webhooks of a running Baton, lists what was delivered to them, and delivers again.
///
/// Example: baton webhooks create https://example.com/hooks/baton --types model.updated,key.revoked
#[derive(Args)]
pub struct Webhooks {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Registers a service that is told of events, and prints the secret that messages are signed with, this once.
    ///
    /// Example: baton webhooks create https://example.com/hooks/baton --types model.updated
    Create {
        /// Where events are posted
        #[arg(value_name = "URL")]
        endpoint: String,
        /// The types that it gets; by default all
        #[arg(long, value_delimiter = ',')]
        types: Vec<String>,
    },
    /// Lists webhooks, without their secrets.
    ///
    /// Example: baton webhooks list --json
    List,
    /// Removes a webhook, with all that is on its way to it.
    ///
    /// Example: baton webhooks remove wh_01935f0c9a4e7b2d8c4f5a6b7c8d9e0f
    Remove {
        /// Its id
        id: String,
    },
    /// Makes another secret, and prints it this once.
    ///
    /// Example: baton webhooks rotate wh_01935f0c9a4e7b2d8c4f5a6b7c8d9e0f --overlap 1h
    Rotate {
        /// Its id
        id: String,
        /// How long messages are signed with the secret before too
        #[arg(long, default_value = "24h")]
        overlap: String,
    },
    /// Lists the last deliveries to a webhook, newest first.
    ///
    /// Example: baton webhooks deliveries wh_01935f0c9a4e7b2d8c4f5a6b7c8d9e0f --state dead
    Deliveries {
        /// Its id
        id: String,
        /// `pending`, `delivered` or `dead`; by default all
        #[arg(long)]
        state: Option<String>,
    },
    /// Delivers an event again.
    ///
    /// Example: baton webhooks redeliver 01935f0c-9a4e-7b2d-8c4f-5a6b7c8d9e0f
    Redeliver {
        /// The delivery's id
        delivery: String,
    },
}

const WITH_SECRET: &[Field] = &[Field::Text("/id"), Field::Text("/secret")];
const COLUMNS: [(&str, &str); 4] = [("id", "/id"), ("url", "/url"), ("types", "/types"), ("active", "/active")];
const DELIVERIES: [(&str, &str); 6] = [
    ("id", "/id"),
    ("event", "/event_id"),
    ("state", "/state"),
    ("tries", "/attempts"),
    ("next", "/next_at"),
    ("last error", "/last_error"),
];

impl Webhooks {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let path = |id: &str| format!("/api/webhooks/{}", segment(id));
        match self.what {
            What::Create { endpoint, types } => {
                let types = if types.is_empty() { Value::Null } else { json!(types) };
                let body = json!({ "url": endpoint, "types": types });
                let made = client.post("/api/webhooks", &body, &Expected::created(WITH_SECRET)).await?;
                secret(&made, self.server.json);
            }
            What::List => {
                let answer = client.get("/api/webhooks", &[("page_size", "100")], &Expected::LIST).await?;
                list(&answer, &COLUMNS, self.server.json);
            }
            What::Remove { id } => {
                client.delete(&path(&id), &[]).await?;
                output::line(&format!("`{id}` is removed"));
            }
            What::Rotate { id, overlap } => {
                let body = json!({ "overlap": overlap });
                let rotated = client.post(&format!("{}/rotate", path(&id)), &body, &Expected::ok(WITH_SECRET)).await?;
                secret(&rotated, self.server.json);
            }
            What::Deliveries { id, state } => {
                let state = state.as_deref().map(|state| ("state", state));
                let query: Vec<(&str, &str)> = [("limit", "100")].into_iter().chain(state).collect();
                let answer = client.get(&format!("{}/deliveries", path(&id)), &query, &Expected::LIST).await?;
                list(&answer, &DELIVERIES, self.server.json);
            }
            What::Redeliver { delivery } => {
                let path = format!("/api/webhooks/deliveries/{}/redeliver", segment(&delivery));
                let call = ApiCall::new(Method::POST, &path);
                client.call(call, &Expected::accepted(&[Field::Text("/id")])).await?;
                output::line(&format!("`{delivery}` is on its way"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list(answer: &Value, columns: &[(&str, &str)], json: bool) {
    let items = answer.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default();
    if json { output::json(answer) } else { output::table(columns, &items) }
}

fn secret(webhook: &Value, json: bool) {
    if json {
        return output::json(webhook);
    }
    let text = |pointer: &str| webhook.pointer(pointer).map(output::cell).unwrap_or_default();
    let told = format!("{}\n\nThis is the only time the secret of `{}` is shown.", text("/secret"), text("/id"));
    output::line(&told);
}
