//! `baton audit`.

use super::output;
use crate::client::{Expected, Server};
use crate::config::Environment;
use clap::Args;
use serde_json::Value;
use std::process::ExitCode;

/// Lists who changed what in a running Baton, newest first.
///
/// Example: baton audit --kind key --from 2026-11-01
#[derive(Args)]
pub struct Audit {
    #[command(flatten)]
    server: Server,
    /// Made by this actor: a key's id, `user:NAME`, `baton:discovery`
    #[arg(long)]
    actor: Option<String>,
    /// That did this, such as `key.revoke`
    #[arg(long)]
    action: Option<String>,
    /// To this kind of thing, such as `key`
    #[arg(long)]
    kind: Option<String>,
    /// To the thing of this id
    #[arg(long)]
    subject: Option<String>,
    /// Made then or later: a date, or a time such as 2026-11-23T15:00:00Z
    #[arg(long)]
    from: Option<String>,
    /// Made before: a time, or a date, which is included
    #[arg(long)]
    to: Option<String>,
    /// How many
    #[arg(long, default_value = "20")]
    limit: String,
}

const COLUMNS: [(&str, &str); 6] = [
    ("at", "/at"),
    ("actor", "/actor"),
    ("action", "/action"),
    ("subject", "/subject"),
    ("address", "/address"),
    ("request", "/request_id"),
];

impl Audit {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let limit = Some(self.limit);
        let query: Vec<(&str, &str)> = [
            ("actor", &self.actor),
            ("action", &self.action),
            ("kind", &self.kind),
            ("subject", &self.subject),
            ("from", &self.from),
            ("to", &self.to),
            ("limit", &limit),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .collect();
        let answer = client.get("/api/audit", &query, &Expected::LIST).await?;
        let items = answer.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default();
        if self.server.json {
            output::json(&answer)
        } else {
            output::table(&COLUMNS, &items)
        }
        Ok(ExitCode::SUCCESS)
    }
}
