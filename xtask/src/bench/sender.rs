//! Sends a row's request over and over.

use super::gateway::{ADMIN_KEY, LOAD_CORE};
use super::measured::Report;
use super::rows::Row;
use anyhow::{Context, ensure};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Sends requests to a Baton, an nginx, or the upstream itself.
pub struct Sender<'s> {
    pub load: &'s Path,
    /// Where bodies are put.
    pub folder: &'s Path,
    pub address: String,
    /// Whether it is Baton.
    pub gateway: bool,
}

impl Sender<'_> {
    /// Sends a row's request over and over, as the options of the load generator say.
    ///
    /// # Errors
    /// If any reply is not as it must be.
    pub fn send(&self, row: &Row, options: &[&str]) -> anyhow::Result<Report> {
        let mut command = self.command("run", row, &row.body())?;
        command.args(options);
        if row.refused && self.gateway {
            // Who guesses keys is slowed down after a while.
            command.args(["--status", "401,429"]);
        }
        if let Some((events, at_nginx)) = row.events {
            command.args(["--events", &(if self.gateway { events } else { at_nginx }).to_string()]);
        }
        let output = command.output().context("the load generator")?;
        let who = if self.gateway { "Baton" } else { "the reference" };
        ensure!(output.status.success(), "{} at {who}: {}", row.title, String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).context("the load generator's report")
    }

    /// Opens streams that stay open until the input of what this returns is closed.
    ///
    /// # Errors
    /// If it can't be started.
    pub fn hold(&self, row: &Row, streams: u32) -> anyhow::Result<Child> {
        let body = row.body().replace("Tell me about the sea.", "hold the stream");
        let mut command = self.command("hold", row, &body)?;
        command.args(["--connections", &streams.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("the load generator")
    }

    fn command(&self, what: &str, row: &Row, body: &str) -> anyhow::Result<Command> {
        let file = self.folder.join("body.json");
        std::fs::write(&file, body)?;
        let mut command = Command::new("taskset");
        command.args(["-c", LOAD_CORE]).arg(self.load).args([what, "--target", &self.address, "--path", row.path]);
        command.arg("--body").arg(&file);
        let key = if row.refused { "bt-wrong-key-00000000000000000000000000000000" } else { ADMIN_KEY };
        command.args(["--header", &format!("authorization: Bearer {key}")]);
        for header in row.headers {
            command.args(["--header", header]);
        }
        Ok(command)
    }
}
