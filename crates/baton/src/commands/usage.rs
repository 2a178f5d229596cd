//! `baton usage`.

use super::output;
use crate::client::{Expected, Server};
use crate::config::Environment;
use clap::Args;
use serde_json::Value;
use std::process::ExitCode;

/// Shows what was used and what it cost.
///
/// Example: baton usage --group-by model,day --from 2026-11-01
#[derive(Args)]
pub struct Usage {
    #[command(flatten)]
    server: Server,
    /// model, provider, key, project, user, day, hour; several with commas
    #[arg(long, default_value = "model")]
    group_by: String,
    /// From this day or time on
    #[arg(long)]
    from: Option<String>,
    /// Before this day or time
    #[arg(long)]
    to: Option<String>,
}

impl Usage {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let mut query = vec![("group_by", self.group_by.as_str())];
        query.extend(self.from.as_deref().map(|from| ("from", from)));
        query.extend(self.to.as_deref().map(|to| ("to", to)));
        let answer = client.get("/api/usage", &query, &Expected::LIST).await?;
        if self.server.json {
            output::json(&answer);
            return Ok(ExitCode::SUCCESS);
        }
        let rows = answer.pointer("/items").and_then(Value::as_array).cloned();
        let groups: Vec<(String, String)> =
            self.group_by.split(',').map(|group| (group.trim().to_owned(), format!("/{}", group.trim()))).collect();
        let mut columns: Vec<(&str, &str)> =
            groups.iter().map(|(name, pointer)| (name.as_str(), pointer.as_str())).collect();
        columns.extend([
            ("requests", "/requests"),
            ("errors", "/errors"),
            ("cache hits", "/cache_hits"),
            ("input", "/tokens/input"),
            ("cached input", "/tokens/cache_read"),
            ("output", "/tokens/output"),
            ("dollars", "/cost"),
            ("p50 ms", "/latency_ms/p50"),
            ("p95 ms", "/latency_ms/p95"),
        ]);
        output::table(&columns, &rows.unwrap_or_default());
        Ok(ExitCode::SUCCESS)
    }
}
