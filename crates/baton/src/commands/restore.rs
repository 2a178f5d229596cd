//! `baton restore`.

use super::Output;
use super::output::print_note;
use crate::app;
use crate::backup::{RestoreTarget, Restored, progress_bar};
use crate::config::{ConfigSource, Environment, load};
use crate::private;
use anyhow::bail;
use baton_model::{Clock, SystemClock};
use baton_store::{DatabaseKind, database_kind};
use chrono::DateTime;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Restores an archive of `baton backup` into the configured data folder and SQLite database. Stop Baton first.
///
/// The archive is verified before anything is touched.
///
/// Example: baton restore /backups/baton-2026-11-28.tar.gz
#[derive(Args)]
pub struct RestoreCommand {
    /// The archive
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace a database and a journal that are there; they are renamed and not deleted
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: Output,
}

impl RestoreCommand {
    /// Runs it.
    pub async fn run(self, source: ConfigSource, environment: &Environment) -> anyhow::Result<ExitCode> {
        private::files();
        let config = load(&source, environment)?;
        let database = match database_kind(&app::database_url(&config))? {
            DatabaseKind::SqliteFile(file) => file,
            DatabaseKind::SqliteMemory => bail!("a database in memory can't be restored; set `database.url` to a file"),
            DatabaseKind::Postgres => bail!(
                "`baton restore` is for SQLite, and the database is PostgreSQL: use `pg_restore`; docs/databases.md says \
                 how, and what to do with the journals of the nodes"
            ),
        };
        let target = RestoreTarget::lock(&config.data_dir, &database)?;
        let occupied = target.occupied()?;
        if !occupied.is_empty() && !self.force {
            bail!(
                "there is an installation already ({}): use another data folder, or --force to move these files aside",
                list(&occupied)
            );
        }
        let stamp = DateTime::from_timestamp_micros(SystemClock.now().0).unwrap_or_default();
        let bar = progress_bar();
        let restored = target.restore(&self.file, &stamp.format("%Y%m%dT%H%M%S%6fZ").to_string(), &bar).await;
        bar.finish_and_clear();
        let Restored { manifest, moved } = restored?;
        let (made, by, segments) = (&manifest.created_at, &manifest.baton, manifest.segments());
        self.output.print_done(
            &format!(
                "the backup of {made} by Baton {by} is restored: the database `{}` and {segments} segments of the journal",
                database.display()
            ),
            &json!({
                "database": database, "created_at": made, "baton": by, "journal_segments": segments, "moved": moved,
            }),
        );
        if !moved.is_empty() {
            print_note(&format!("the files that were there before are now {}", list(&moved)));
        }
        print_note(
            "start Baton with the BATON_SECRET_KEY of the backed-up installation; it moves the journal into the database",
        );
        Ok(ExitCode::SUCCESS)
    }
}

fn list(paths: &[impl AsRef<Path>]) -> String {
    paths.iter().map(|path| format!("`{}`", path.as_ref().display())).collect::<Vec<_>>().join(", ")
}
