//! `baton webhooks`.

use super::audit::keep_given;
use super::output::{self, Column, Output};
use crate::client::{ApiCall, ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use baton_model::entity::WebhookFormat;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Registers webhooks, lists their deliveries, and delivers again.
///
/// Example: baton webhooks create https://example.com/hooks/baton --types model.updated,key.revoked
#[derive(Args)]
pub struct WebhooksCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Registers a webhook and prints the secret that its messages are signed with; it is shown only once.
    ///
    /// Example: baton webhooks create https://example.com/hooks/baton --types model.updated
    Create {
        /// Address that events are posted to
        #[arg(value_name = "URL")]
        endpoint: String,
        /// Types of events to post [default: all]
        #[arg(long, value_delimiter = ',')]
        types: Vec<String>,
        /// What is posted: `cloudevents` (the event) or `slack` (a sentence about it, for incoming webhooks of Slack,
        /// Mattermost and Rocket.Chat)
        #[arg(long, value_name = "FORMAT", default_value = WebhookFormat::CloudEvents.name(), value_parser = WebhookFormat::ALL.map(WebhookFormat::name))]
        format: String,
    },
    /// Lists webhooks, without their secrets.
    ///
    /// Example: baton webhooks list --output json
    List,
    /// Removes a webhook and its pending deliveries.
    ///
    /// Example: baton webhooks remove wh_01935f0c9a4e7b2d8c4f5a6b7c8d9e0f
    Remove {
        /// The webhook's id
        id: String,
    },
    /// Gives a webhook a new secret and prints it, only once.
    ///
    /// Example: baton webhooks rotate wh_01935f0c9a4e7b2d8c4f5a6b7c8d9e0f --overlap 1h
    Rotate {
        /// The webhook's id
        id: String,
        /// How long messages are signed with the previous secret too
        #[arg(long, value_name = "TIME", default_value = "24h")]
        overlap: String,
    },
    /// Sends a test message to a webhook and shows what its service replied; exits 1 if it was not accepted.
    ///
    /// Example: baton webhooks test wh_01935f0c9a4e7b2d8c4f5a6b7c8d9e0f
    Test {
        /// The webhook's id
        id: String,
    },
    /// Lists the deliveries to a webhook, newest first.
    ///
    /// Example: baton webhooks deliveries wh_01935f0c9a4e7b2d8c4f5a6b7c8d9e0f --state dead
    Deliveries {
        /// The webhook's id
        id: String,
        /// Only deliveries in this state: `pending`, `delivered` or `dead`
        #[arg(long)]
        state: Option<String>,
        /// The largest number of deliveries to list
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u64,
    },
    /// Delivers an event again.
    ///
    /// Example: baton webhooks redeliver 01935f0c-9a4e-7b2d-8c4f-5a6b7c8d9e0f
    Redeliver {
        /// The delivery's id
        delivery: String,
    },
}

const WITH_SECRET: &[ExpectedField] = &[ExpectedField::Text("/id"), ExpectedField::Text("/secret")];
const TESTED: &[ExpectedField] =
    &[ExpectedField::Text("/webhook_id"), ExpectedField::Text("/event_id"), ExpectedField::Bool("/delivered")];
const COLUMNS: [Column<'_>; 5] =
    [("id", "/id"), ("url", "/url"), ("types", "/types"), ("format", "/format"), ("active", "/active")];
const DELIVERIES: [Column<'_>; 7] = [
    ("id", "/id"),
    ("event", "/event_id"),
    ("state", "/state"),
    ("attempts", "/attempts"),
    ("next", "/next_at"),
    ("status", "/last_status"),
    ("last error", "/last_error"),
];

impl WebhooksCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let output = &self.server.output;
        let path = |id: &str| format!("/api/webhooks/{}", segment(id));
        match self.action {
            Action::Create { endpoint, types, format } => {
                let types = if types.is_empty() { Value::Null } else { json!(types) };
                let body = json!({ "url": endpoint, "types": types, "format": format });
                let created = client.post("/api/webhooks", &body, &ExpectedReply::created(WITH_SECRET)).await?;
                output.print_secret("secret of", "secret", &created);
            }
            Action::List => output.print_list(&COLUMNS, &client.all("/api/webhooks", &[]).await?),
            Action::Remove { id } => {
                client.delete(&path(&id), &[]).await?;
                output.print_gone("webhook", "removed", "id", &id);
            }
            Action::Rotate { id, overlap } => {
                let (path, body) = (format!("{}/rotate", path(&id)), json!({ "overlap": overlap }));
                let rotated = client.post(&path, &body, &ExpectedReply::ok(WITH_SECRET)).await?;
                output.print_secret("secret of", "secret", &rotated);
            }
            Action::Test { id } => {
                let path = format!("{}/test", path(&id));
                let call = ApiCall::new(Method::POST, &path);
                return Ok(show_test(output, &client.call(call, &ExpectedReply::ok(TESTED)).await?));
            }
            Action::Deliveries { id, state, limit } => {
                let path = format!("{}/deliveries", path(&id));
                output.print_list(
                    &DELIVERIES,
                    &client.list_newest(&path, &keep_given(&[("state", &state)]), limit).await?,
                );
            }
            Action::Redeliver { delivery } => {
                let path = format!("/api/webhooks/deliveries/{}/redeliver", segment(&delivery));
                let call = ApiCall::new(Method::POST, &path);
                let queued = client.call(call, &ExpectedReply::accepted(&[ExpectedField::Text("/id")])).await?;
                output.print_done(&format!("delivery `{delivery}` queued"), &queued);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints what came of a test message.
fn show_test(output: &Output, result: &Value) -> ExitCode {
    let text = |pointer: &str| result.pointer(pointer).map(output::cell).unwrap_or_default();
    if result.pointer("/delivered") == Some(&Value::Bool(true)) {
        output
            .print_done(&format!("`{}` accepted the test message ({})", text("/webhook_id"), text("/status")), result);
        return ExitCode::SUCCESS;
    }
    output
        .print_done(&format!("`{}` did not accept the test message: {}", text("/webhook_id"), text("/error")), result);
    // A webhook that refuses is the outcome that scripts ask for, though the call itself succeeded.
    ExitCode::FAILURE
}
