//! `baton backup`.

use super::Output;
use super::output::print_note;
use crate::app;
use crate::backup::{BackupSummary, progress_bar, refuse_unfinished, write_backup};
use crate::config::{ConfigSource, Environment, load};
use crate::private;
use anyhow::{Context, bail};
use baton_model::{Clock, SystemClock};
use baton_store::{DatabaseKind, Store, database_kind, masked};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Writes the SQLite database and the journal into one archive, while Baton runs or not.
///
/// Every request whose reply was complete before it began is in the archive. BATON_SECRET_KEY is not: keep it elsewhere. On
/// PostgreSQL use pg_dump.
///
/// Example: baton backup /backups/baton-2026-11-28.tar.gz
#[derive(Args)]
pub struct BackupCommand {
    /// The archive to write; it must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    output: Output,
}

impl BackupCommand {
    /// Runs it.
    pub async fn run(self, source: ConfigSource, environment: &Environment) -> anyhow::Result<ExitCode> {
        private::files();
        let config = load(&source, environment)?;
        let (url, journal) = (app::database_url(&config), config.data_dir.join("journal"));
        let database = match database_kind(&url)? {
            DatabaseKind::SqliteFile(file) => file,
            DatabaseKind::SqliteMemory => {
                bail!("a database in memory can't be backed up; set `database.url` to a file")
            }
            DatabaseKind::Postgres => bail!(
                "`baton backup` is for SQLite, and the database is PostgreSQL: copy the folder `{}` of each node first, \
                 then run `pg_dump --format=custom --file=baton.dump '{}'` or `pg_basebackup`; docs/databases.md says how to \
                 restore both",
                journal.display(),
                masked(&url)
            ),
        };
        refuse_unfinished(&config.data_dir)?;
        // SQLite makes a file that is not there: a wrong folder would become a backup of an empty installation.
        if !database.is_file() {
            bail!("the database `{}` does not exist; check `database.url` and `data_dir`", database.display());
        }
        let store = Store::open_with(&url, &config.database.pools()).await?;
        let bar = progress_bar();
        let written = write_backup(&store, &database, &journal, &self.file, SystemClock.now(), &bar).await;
        bar.finish_and_clear();
        store.close().await;
        let BackupSummary { manifest, bytes, database_bytes, journal_bytes } =
            written.with_context(|| format!("no backup was written to `{}`", self.file.display()))?;
        let segments = manifest.segments();
        let sentence = format!(
            "`{}` written: {bytes} bytes, with the database ({database_bytes} bytes) and {segments} segments of the \
             journal ({journal_bytes} bytes)",
            self.file.display()
        );
        self.output.print_done(
            &sentence,
            &json!({
                "file": self.file, "bytes": bytes, "created_at": manifest.created_at, "database_bytes": database_bytes,
                "journal_segments": segments, "journal_bytes": journal_bytes,
            }),
        );
        print_note(
            "BATON_SECRET_KEY and the configuration are not in it: keep them elsewhere. Without the key, secrets of \
             providers and webhooks in the backup can't be read",
        );
        Ok(ExitCode::SUCCESS)
    }
}
