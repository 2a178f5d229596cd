//! `baton limits`.

use super::audit::keep_given;
use super::budgets::COUNTERS;
use super::output::Column;
use super::scope::{ScopeArguments, keep_fields, text};
use crate::client::{ExpectedField, ExpectedReply, Server, segment};
use crate::config::Environment;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use std::process::ExitCode;

/// Creates, lists, changes and deletes limits: how much requests may take in a time, and how many may be under way.
///
/// Example: baton limits create each-user --scope 'user=*' --requests 60 --per minute
#[derive(Args)]
pub struct LimitsCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Lists limits.
    ///
    /// Example: baton limits list
    List {
        /// Only `file`, `api` or `project`
        #[arg(long)]
        origin: Option<String>,
    },
    /// Shows a limit.
    ///
    /// Example: baton limits get each-user
    Get {
        /// The limit's id
        id: String,
    },
    /// Creates a limit; it has one of --requests, --input-tokens, --output-tokens, --tokens, --cost and --concurrency.
    ///
    /// Example: baton limits create each-user --scope 'user=*' --requests 60 --per minute --burst 10
    Create {
        /// Its id [default: one is made]
        id: Option<String>,
        #[command(flatten)]
        fields: LimitArguments,
    },
    /// Changes the given fields of a limit.
    ///
    /// Example: baton limits update each-user --requests 120
    Update {
        /// The limit's id
        id: String,
        #[command(flatten)]
        fields: LimitArguments,
    },
    /// Deletes a limit: requests are not held to it from then on.
    ///
    /// Example: baton limits delete each-user
    Delete {
        /// The limit's id
        id: String,
    },
    /// Lists what each counter of a limit says.
    ///
    /// Example: baton limits counters each-user
    Counters {
        /// The limit's id
        id: String,
    },
}

#[derive(Args)]
struct LimitArguments {
    #[command(flatten)]
    scope: ScopeArguments,
    /// Requests in the window
    #[arg(long, value_name = "N")]
    requests: Option<u64>,
    /// Tokens read in the window
    #[arg(long, value_name = "N")]
    input_tokens: Option<u64>,
    /// Tokens produced in the window
    #[arg(long, value_name = "N")]
    output_tokens: Option<u64>,
    /// Tokens read and produced in the window
    #[arg(long, value_name = "N")]
    tokens: Option<u64>,
    /// Dollars in the window
    #[arg(long, value_name = "DOLLARS")]
    cost: Option<String>,
    /// Requests under way at once
    #[arg(long, value_name = "N")]
    concurrency: Option<u64>,
    /// The window: second, minute, hour or day
    #[arg(long)]
    per: Option<String>,
    /// How much of it may be taken at once [default: all of it]
    #[arg(long, value_name = "N")]
    burst: Option<u64>,
    /// hard (refuses) or soft (warns) [default: hard]
    #[arg(long)]
    mode: Option<String>,
    /// While shared counters can't be reached: closed (refuses) or local (each node has its share) [default: local]
    #[arg(long)]
    fail: Option<String>,
}

const LIMIT: &[ExpectedField] = &[ExpectedField::Text("/limit_id"), ExpectedField::Text("/origin")];
const COLUMNS: [Column<'_>; 12] = [
    ("id", "/limit_id"),
    ("scope", "/scope"),
    ("requests", "/requests"),
    ("input", "/input_tokens"),
    ("output", "/output_tokens"),
    ("tokens", "/tokens"),
    ("cost", "/cost"),
    ("concurrency", "/concurrency"),
    ("per", "/per"),
    ("burst", "/burst"),
    ("mode", "/mode"),
    ("origin", "/origin"),
];

impl LimitsCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let output = &self.server.output;
        let path = |id: &str| format!("/api/limits/{}", segment(id));
        match self.action {
            Action::List { origin } => {
                let filters = [("origin", &origin)];
                output.print_list(&COLUMNS, &client.all("/api/limits", &keep_given(&filters)).await?);
            }
            Action::Get { id } => output.print_object(&client.get(&path(&id), &[], &ExpectedReply::ok(LIMIT)).await?),
            Action::Create { id, fields } => {
                let mut body = fields.body();
                body.extend(text(id).map(|id| ("limit_id".to_owned(), id)));
                let created = client.post("/api/limits", &body.into(), &ExpectedReply::created(LIMIT)).await?;
                let id = created.get("limit_id").and_then(Value::as_str).unwrap_or_default();
                output.print_done(&format!("limit `{id}` created"), &created);
            }
            Action::Update { id, fields } => {
                let changed = client.put(&path(&id), &fields.body().into(), &ExpectedReply::ok(LIMIT)).await?;
                output.print_done(&format!("limit `{id}` changed"), &changed);
            }
            Action::Delete { id } => {
                client.delete(&path(&id), &[]).await?;
                output.print_gone("limit", "deleted", "limit_id", &id);
            }
            Action::Counters { id } => {
                output.print_list(&COUNTERS, &client.all(&format!("{}/counters", path(&id)), &[]).await?);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl LimitArguments {
    fn body(self) -> Map<String, Value> {
        keep_fields([
            ("scope", self.scope.value()),
            ("requests", self.requests.map(Value::from)),
            ("input_tokens", self.input_tokens.map(Value::from)),
            ("output_tokens", self.output_tokens.map(Value::from)),
            ("tokens", self.tokens.map(Value::from)),
            ("cost", text(self.cost)),
            ("concurrency", self.concurrency.map(Value::from)),
            ("per", text(self.per)),
            ("burst", self.burst.map(Value::from)),
            ("mode", text(self.mode)),
            ("fail", text(self.fail)),
        ])
    }
}
