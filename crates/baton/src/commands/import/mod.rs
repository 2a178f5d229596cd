//! `baton import`: reads what another gateway is configured with, and writes a file for `baton apply`.
//!
//! To add one: a folder that makes an [`ImportResult`] of the gateway's files, and a subcommand.

pub mod litellm;

use super::apply::file::yaml;
use super::apply::kinds::ALL;
use super::output;
use super::toml_file::{self, CommentedEntry};
use crate::config::ConfigSource;
use anyhow::{Context, bail};
use baton_model::{Clock, SystemClock};
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
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

/// What was taken over, and what was not.
#[derive(Debug, Default)]
pub struct ImportResult {
    /// The things of each kind.
    kinds: BTreeMap<&'static str, Vec<CommentedEntry>>,
    /// What has no equivalent, each with its place.
    pub notes: Vec<String>,
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

/// Takes out of a value what TOML can't say; whether there was nothing of that.
fn make_sayable(value: &mut Value) -> bool {
    let can_be_said = |value: &Value| match value {
        Value::Null => false,
        Value::Number(number) => !number.is_u64() || number.as_i64().is_some(),
        _ => true,
    };
    match value {
        Value::Array(items) => {
            let before = items.len();
            items.retain(can_be_said);
            let same = items.len() == before;
            items.iter_mut().fold(same, |same, item| make_sayable(item) && same)
        }
        Value::Object(members) => {
            let before = members.len();
            members.retain(|_, member| can_be_said(member));
            let same = members.len() == before;
            members.values_mut().fold(same, |same, member| make_sayable(member) && same)
        }
        _ => true,
    }
}

impl ImportResult {
    /// Adds a thing.
    pub fn add(&mut self, kind: &'static str, mut fields: Map<String, Value>) {
        let name = fields.values().next().and_then(Value::as_str).unwrap_or_default().to_owned();
        for (field, value) in &mut fields {
            if !make_sayable(value) {
                self.note(
                    &format!("{kind}: `{name}`"),
                    &format!("`{field}` is without its nulls and numbers beyond 64 bits, which TOML can't say"),
                );
            }
        }
        self.kinds.entry(kind).or_default().push(CommentedEntry { fields, ..CommentedEntry::default() });
    }

    /// The things of a kind.
    pub fn of(&self, kind: &str) -> impl Iterator<Item = &Map<String, Value>> {
        self.kinds.get(kind).into_iter().flatten().map(|entry| &entry.fields)
    }

    /// Notes what was not taken over.
    pub fn note(&mut self, place: &str, what: &str) {
        self.notes.push(format!("{place}: {what}"));
    }

    /// As a file, with the notes at its end.
    ///
    /// # Errors
    /// If a value can't be said in TOML.
    pub fn toml(&self) -> anyhow::Result<String> {
        let mut text = "# For `baton apply -f FILE`. Read it first; `--dry-run` shows what would change.\n".to_owned();
        for kind in &ALL {
            text.push_str(&toml_file::write(kind.name, self.kinds.get(kind.name).map_or(&[], Vec::as_slice))?);
        }
        if !self.notes.is_empty() {
            text.push_str("\n# What was not taken over, or not as it was:\n");
            text.push_str(&toml_file::comments("- ", &self.notes));
        }
        Ok(text)
    }
}
