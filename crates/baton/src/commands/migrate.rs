//! `baton migrate`.

use super::Output;
use crate::app;
use crate::config::{ConfigSource, Environment, load};
use clap::Args;
use serde_json::json;
use std::process::ExitCode;

/// Brings the database's tables up to date.
///
/// Baton does this at start too. Run it separately if Baton's own database user may not change tables.
///
/// Example: baton migrate --config baton.toml
#[derive(Args)]
pub struct MigrateCommand {
    #[command(flatten)]
    output: Output,
}

impl MigrateCommand {
    /// Runs it.
    pub async fn run(self, source: ConfigSource, environment: &Environment) -> anyhow::Result<ExitCode> {
        let config = load(&source, environment)?;
        app::open_store(&config).await?.close().await;
        let url = baton_store::masked(&app::database_url(&config));
        self.output.print_done(&format!("`{url}` is up to date"), &json!({ "database": url, "migrated": true }));
        Ok(ExitCode::SUCCESS)
    }
}
