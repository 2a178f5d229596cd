//! `baton migrate`.

use super::{configuration, output};
use crate::app;
use crate::config::{Environment, Source};
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// Brings the database's tables up to date. Baton does that at start too; this is for doing it apart, as a user who may
/// make tables, say.
///
/// Example: baton migrate --config baton.toml
#[derive(Args)]
pub struct Migrate {
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

impl Migrate {
    /// Runs it.
    pub async fn run(self, source: Source, environment: &Environment) -> anyhow::Result<ExitCode> {
        let config = configuration(&source, environment)?;
        app::open_store(&config).await?.close().await;
        let url = baton_store::masked(&app::database_url(&config));
        if self.json {
            output::json(&json!({ "database": url, "migrated": true }))
        } else {
            output::line(&format!("`{url}` is up to date"))
        }
        Ok(ExitCode::SUCCESS)
    }
}
