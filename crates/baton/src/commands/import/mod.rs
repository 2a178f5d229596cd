//! `baton import`: reads what another gateway is configured with, and writes a file for `baton apply`.
//!
//! To add one: a folder that makes an [`result::ImportResult`] of the gateway's files, and a subcommand.

pub mod litellm;
mod result;

use super::apply::file::yaml;
use super::output;
use crate::config::ConfigSource;
use anyhow::{Context, bail};
use baton_model::{Clock, SystemClock};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Makes a file for `baton apply` of another gateway's configuration.
///
/// Example: baton import litellm --config config.yaml --out team.toml
#[derive(Args)]
pub struct ImportCommand {
    #[command(subcommand)]
    gateway: Gateway,
}

#[derive(Subcommand)]
enum Gateway {
    /// Reads the configuration of LiteLLM's proxy (--config config.yaml), and what it lists of keys, teams and users.
    ///
    /// Everything without an equivalent is named on the standard error and at the end of the file. Keys get new secrets,
    /// because LiteLLM keeps only hashes of them. No server is called.
    ///
    /// Example: baton import litellm --config config.yaml --keys keys.json --keys teams.json --out team.toml
    Litellm(Litellm),
}

// Its `--config` is the global one: clap takes no second argument of that name.
#[derive(Args)]
struct Litellm {
    /// A reply of /key/list?return_full_object=true, /spend/keys, /team/list or /user/list; may be repeated
    #[arg(long, value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// Where the file is written [default: the standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ImportCommand {
    /// Runs it.
    pub fn run(self, source: ConfigSource) -> anyhow::Result<ExitCode> {
        let Gateway::Litellm(command) = self.gateway;
        if source.file.is_none() && command.keys.is_empty() {
            bail!("there is nothing to read: name LiteLLM's configuration with --config, or its lists with --keys");
        }
        let config = source.file.as_deref().map(read_document).transpose()?;
        let lists: Vec<Value> = command.keys.iter().map(|path| read_document(path)).collect::<Result<_, _>>()?;
        let imported = litellm::convert(config, lists, SystemClock.now());
        for note in &imported.notes {
            output::print_note(note);
        }
        let text = imported.toml()?;
        match command.out {
            None => output::print_text(&text),
            Some(path) => {
                std::fs::write(&path, text).with_context(|| format!("--out {}: can't be written", path.display()))?;
                output::print_line(&format!("{} written: baton apply -f {0} --dry-run", path.display()));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads a file of YAML or JSON.
fn read_document(path: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let document = match is_json {
        true => serde_json::from_str(&text).map_err(|error| format!("is not valid JSON: {error}")),
        false => yaml(&text),
    };
    document.map_err(|problem| anyhow::anyhow!("{}: {problem}", path.display()))
}
