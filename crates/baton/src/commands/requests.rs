//! `baton requests`.

use super::audit::keep_given;
use super::output::Column;
use crate::client::{ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Lists the requests in the ledger, or shows one with all its attempts.
///
/// Example: baton requests list --outcome failed --from 2026-11-01
#[derive(Args)]
pub struct RequestsCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists requests, newest first.
    ///
    /// Example: baton requests list --model gpt-4o-mini --limit 50
    List(List),
    /// Shows one request: each attempt, its cost, and the feedback on it.
    ///
    /// Example: baton requests show 01935f0c-9a4e-7b2d-8c4f-5a6b7c8d9e0f
    Show {
        /// The request's id, as in x-request-id
        id: String,
    },
}

#[derive(Args)]
struct List {
    /// Only requests for this model
    #[arg(long)]
    model: Option<String>,
    /// Only requests served by this provider
    #[arg(long)]
    provider: Option<String>,
    /// Only requests made with the API key of this id
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
    /// Only requests charged to this project
    #[arg(long)]
    project: Option<String>,
    /// Only requests charged to this user
    #[arg(long)]
    user: Option<String>,
    /// Only requests that ended so: `completed`, `failed`, `cancelled` or `interrupted`
    #[arg(long)]
    outcome: Option<String>,
    /// Only requests with this HTTP status
    #[arg(long)]
    status: Option<String>,
    /// Only requests at or after this time: a date, or a time such as 2026-11-23T15:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only requests before this time; a date includes that whole day
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The largest number of requests to list
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u64,
}

const COLUMNS: [Column<'_>; 9] = [
    ("id", "/id"),
    ("arrived", "/arrived_at"),
    ("requested", "/requested"),
    ("model", "/model"),
    ("outcome", "/outcome"),
    ("status", "/status"),
    ("input", "/tokens/input"),
    ("output", "/tokens/output"),
    ("dollars", "/cost"),
];

impl RequestsCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        match self.action {
            Action::List(list) => {
                let reply = client.list_newest("/api/requests", &list.query(), list.limit).await?;
                self.server.output.print_list(&COLUMNS, &reply);
            }
            Action::Show { id } => {
                let path = format!("/api/requests/{}", segment(&id));
                let expected = ExpectedReply::ok(&[ExpectedField::Text("/id"), ExpectedField::List("/attempts")]);
                self.server.output.print_object(&client.get(&path, &[], &expected).await?);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    fn query(&self) -> Vec<(&str, &str)> {
        keep_given(&[
            ("model", &self.model),
            ("provider", &self.provider),
            ("key", &self.key_id),
            ("project", &self.project),
            ("user", &self.user),
            ("outcome", &self.outcome),
            ("status", &self.status),
            ("from", &self.from),
            ("to", &self.to),
        ])
    }
}
