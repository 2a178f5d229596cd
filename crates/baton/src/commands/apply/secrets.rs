//! Where secrets go that are made: on the terminal once, or into a file for their owner alone.

use super::run::SecretSink;
use crate::commands::output::print_line;
use anyhow::Context;
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// Prints each as it is made.
pub struct TerminalSink;

/// Says nothing: they are in the report that is printed at the end.
pub struct ReportSink;

/// Writes each on a line of its own as JSON.
pub struct SecretFile(File);

impl SecretFile {
    /// A new file.
    ///
    /// # Errors
    /// If it can't be made. One that is there is not written over: it may hold secrets that are nowhere else.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path);
        Ok(Self(file.with_context(|| format!("--secrets {}: the file can't be made", path.display()))?))
    }
}

impl SecretSink for TerminalSink {
    fn put(&mut self, secret: &Value) -> anyhow::Result<()> {
        let text = |field: &str| secret.get(field).and_then(Value::as_str);
        let (noun, value) = match text("key") {
            Some(key) => ("key", key),
            None => ("secret of the webhook", text("secret").unwrap_or_default()),
        };
        let name = text("name").or_else(|| text("url")).unwrap_or_default();
        let project = text("project_id").map(|project| format!(" of the project `{project}`")).unwrap_or_default();
        print_line(&format!("{value}  the {noun} `{name}`{project}, shown only once"));
        Ok(())
    }
}

impl SecretSink for ReportSink {
    fn put(&mut self, _: &Value) -> anyhow::Result<()> {
        Ok(())
    }
}

impl SecretSink for SecretFile {
    fn put(&mut self, secret: &Value) -> anyhow::Result<()> {
        writeln!(self.0, "{secret}").and_then(|()| self.0.sync_data()).context("the secret can't be written")
    }
}
