//! `baton usage`.

use super::audit::keep_given;
use super::output::{Column, Format};
use crate::client::{ApiCall, ExpectedReply, Server};
use crate::config::Environment;
use clap::{Args, Subcommand};
use http::Method;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Shows what was used, what it cost, and the totals.
///
/// Example: baton usage --group-by model,day --from 2026-11-01
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct UsageCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Option<Action>,
    /// What makes a row: model, provider, key, project, user, day, hour; or several, with commas
    #[arg(long, value_name = "FIELDS", default_value = "model")]
    group_by: String,
    /// Only requests at or after this time: a date, or a time such as 2026-11-23T15:00:00Z [default: 30 days before --to]
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only requests before this time; a date includes that whole day [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Only requests charged to this project
    #[arg(long)]
    project: Option<String>,
    /// Only requests made with the API key of this id
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
}

#[derive(Subcommand)]
enum Action {
    /// Prices recorded requests anew, by the prices that were in force when they ran; records stay, and totals include what
    /// comes out otherwise.
    ///
    /// Example: baton usage reprice --from 2026-11-01 --dry-run
    Reprice {
        /// Only requests at or after this time: a date, or a time such as 2026-11-23T15:00:00Z [default: all]
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Only requests before this time; a date includes that whole day [default: now]
        #[arg(long, value_name = "TIME")]
        to: Option<String>,
        /// Only attempts at this model
        #[arg(long)]
        model: Option<String>,
        /// Only shows what would change
        #[arg(long)]
        dry_run: bool,
    },
}

const REPRICED: [Column<'_>; 6] = [
    ("model", "/model"),
    ("corrected", "/corrected"),
    ("before", "/before"),
    ("after", "/after"),
    ("unpriced before", "/unpriced_before"),
    ("unpriced after", "/unpriced_after"),
];

const TOTALS: [Column<'_>; 10] = [
    ("requests", "/requests"),
    ("errors", "/errors"),
    ("cache hits", "/cache_hits"),
    ("input", "/tokens/input"),
    ("cached", "/tokens/cache_read"),
    ("output", "/tokens/output"),
    ("dollars", "/cost"),
    ("unpriced", "/unpriced"),
    ("p50 ms", "/latency_ms/p50"),
    ("p95 ms", "/latency_ms/p95"),
];

impl UsageCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        if let Some(Action::Reprice { from, to, model, dry_run }) = &self.action {
            let dry_run = dry_run.then(|| "true".to_owned());
            let query = keep_given(&[("from", from), ("to", to), ("model", model), ("dry_run", &dry_run)]);
            let call = ApiCall { query: &query, ..ApiCall::new(Method::POST, "/api/usage/reprice") };
            let done = client.call(call, &ExpectedReply::LIST).await?;
            self.server.output.print_list(&REPRICED, &done);
            return Ok(ExitCode::SUCCESS);
        }
        let group_by = Some(self.group_by.clone());
        let filters = [("project", &self.project), ("key", &self.key_id), ("group_by", &group_by)];
        let times = [("from", &self.from), ("to", &self.to)];
        let mut reply =
            client.get("/api/usage", &keep_given(&[filters.as_slice(), &times].concat()), &ExpectedReply::LIST).await?;
        // The bounds of the first reply: the totals are of the same requests, and a percentile can't be added up.
        let bound = |name: &str| reply.get(name).and_then(Value::as_str).map(str::to_owned);
        let (from, to) = (bound("from"), bound("to"));
        let same = [("project", &self.project), ("key", &self.key_id), ("from", &from), ("to", &to)];
        let totals = client.get("/api/usage", &keep_given(&same), &ExpectedReply::LIST).await?;
        let totals = totals.pointer("/items/0").cloned().unwrap_or_else(|| json!({}));
        if let Some(reply) = reply.as_object_mut() {
            reply.insert("totals".to_owned(), totals);
        }
        self.show(reply);
        Ok(ExitCode::SUCCESS)
    }

    fn show(&self, mut reply: Value) {
        let groups: Vec<(String, String)> =
            self.group_by.split(',').map(|group| (group.trim().to_owned(), format!("/{}", group.trim()))).collect();
        let mut columns: Vec<Column<'_>> =
            groups.iter().map(|(name, pointer)| (name.as_str(), pointer.as_str())).collect();
        columns.extend(TOTALS);
        // In CSV a row of totals would be summed up with the others; in JSON they stand beside the list.
        if self.server.output.format() == Format::Table {
            add_totals(&mut reply, groups.first().map(|(name, _)| name.as_str()).unwrap_or_default());
        }
        self.server.output.print_list(&columns, &reply);
    }
}

/// The totals as the last row, named in the first column.
fn add_totals(reply: &mut Value, first: &str) {
    let mut totals = reply.pointer("/totals").cloned().unwrap_or_default();
    let Some(items) = reply.pointer_mut("/items").and_then(Value::as_array_mut) else { return };
    if let (false, Some(totals)) = (items.is_empty(), totals.as_object_mut()) {
        totals.insert(first.to_owned(), json!("total"));
        items.push(Value::Object(std::mem::take(totals)));
    }
}
