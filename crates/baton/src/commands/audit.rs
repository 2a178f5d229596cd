//! `baton audit`.

use super::output::Column;
use crate::client::Server;
use crate::config::Environment;
use clap::Args;
use std::process::ExitCode;

/// Lists who changed what, newest first.
///
/// Example: baton audit --kind key --from 2026-11-01
#[derive(Args)]
pub struct AuditCommand {
    #[command(flatten)]
    server: Server,
    /// Only changes by this actor: a key's id, `user:NAME` or `baton:discovery`
    #[arg(long)]
    actor: Option<String>,
    /// Only this action, such as `key.revoke`
    #[arg(long)]
    action: Option<String>,
    /// Only changes of this kind of object, such as `key` or `model`
    #[arg(long)]
    kind: Option<String>,
    /// Only changes of the object with this id
    #[arg(long)]
    subject: Option<String>,
    /// Only changes at or after this time: a date, or a time such as 2026-11-23T15:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only changes before this time; a date includes that whole day
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The largest number of changes to list
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u64,
}

const COLUMNS: [Column<'_>; 6] = [
    ("at", "/at"),
    ("actor", "/actor"),
    ("action", "/action"),
    ("subject", "/subject"),
    ("address", "/address"),
    ("request", "/request_id"),
];

impl AuditCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        let client = self.server.client(environment)?;
        let filters = [
            ("actor", &self.actor),
            ("action", &self.action),
            ("kind", &self.kind),
            ("subject", &self.subject),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let reply = client.list_newest("/api/audit", &keep_given(&filters), self.limit).await?;
        self.server.output.print_list(&COLUMNS, &reply);
        Ok(ExitCode::SUCCESS)
    }
}

/// The parameters of a query that were given.
pub fn keep_given<'p>(parameters: &[(&'p str, &'p Option<String>)]) -> Vec<(&'p str, &'p str)> {
    parameters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect()
}
