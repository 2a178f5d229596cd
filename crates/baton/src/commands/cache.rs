//! `baton cache`.

use super::audit::keep_given;
use crate::client::{ApiCall, ExpectedField, ExpectedReply, Server};
use crate::config::Environment;
use clap::{Args, Subcommand};
use http::Method;
use std::process::ExitCode;

/// Shows or purges the response cache.
///
/// Example: baton cache purge --model gpt-4o-mini
#[derive(Args)]
pub struct CacheCommand {
    #[command(flatten)]
    server: Server,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Shows how many replies are cached, and their size in bytes.
    ///
    /// Example: baton cache size
    Size,
    /// Removes cached replies: all of them, or those of one model, key or project.
    ///
    /// Example: baton cache purge --all
    Purge(Purge),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Purge {
    /// Remove all replies
    #[arg(long)]
    all: bool,
    /// Remove the replies of this model
    #[arg(long)]
    model: Option<String>,
    /// Remove the replies to the API key with this id
    #[arg(long, value_name = "ID")]
    key_id: Option<String>,
    /// Remove the replies to this project
    #[arg(long)]
    project: Option<String>,
}

impl CacheCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        match self.action {
            Action::Size => {
                let expected = ExpectedReply::ok(&[ExpectedField::Number("/entries"), ExpectedField::Number("/bytes")]);
                self.server.output.print_object(&client.get("/api/cache", &[], &expected).await?);
            }
            Action::Purge(Purge { all: _, model, key_id, project }) => {
                let filters = [("model", &model), ("key", &key_id), ("project", &project)];
                let call = ApiCall { query: &keep_given(&filters), ..ApiCall::new(Method::DELETE, "/api/cache") };
                let purged = client.call(call, &ExpectedReply::ok(&[ExpectedField::Number("/purged")])).await?;
                let count = purged.pointer("/purged").and_then(serde_json::Value::as_u64).unwrap_or_default();
                self.server.output.print_done(&format!("{count} cached replies removed"), &purged);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
