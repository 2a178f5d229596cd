//! `[logs]`.

use crate::telemetry::redact::{BuiltIn, Redactor, Rule};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// Log files: one a day (UTC), JSON lines.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogsSection {
    /// Their folder.
    pub dir: PathBuf,
    /// How many days are kept.
    #[schemars(extend("x-limit" = true))]
    pub keep: usize,
    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, or by module (`info,baton_engine=debug`). `debug` and
    /// `trace` alone mean Baton's own lines: those of the libraries below it may repeat what clients send, and have to be
    /// asked for by name (`debug,h2=debug`).
    pub level: String,
    /// The most bytes of lines that wait for a disk or a terminal that is slow. More are lost; `baton_log_lines_lost_total`
    /// counts them, and a line says so once lines flow again.
    #[schemars(extend("x-limit" = true))]
    pub max_waiting_bytes: usize,
    /// The form of lines on the terminal: `readable`, or `json` for containers whose output is gathered.
    pub console: ConsoleForm,
    /// Prompts and replies.
    pub content: ContentSection,
}

impl Default for LogsSection {
    fn default() -> Self {
        Self {
            dir: "logs".into(),
            keep: 14,
            level: "info".into(),
            max_waiting_bytes: 8 << 20,
            console: ConsoleForm::default(),
            content: ContentSection::default(),
        }
    }
}

/// The form of lines on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConsoleForm {
    /// For people.
    #[default]
    Readable,
    /// As in the files.
    Json,
}

/// Prompts and replies in the log files. They are written only where this says so, and what the rules know is taken out
/// of them first. They never go to the terminal, into traces or into metrics.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ContentSection {
    /// Whether they are written.
    pub enabled: bool,
    /// The most bytes of a prompt, and of a reply; the rest is cut off.
    #[schemars(extend("x-limit" = true))]
    pub max_bytes: usize,
    /// What is taken out: `email`, `card` (payment cards), `iban`, `phone`, `key` (API keys, tokens, private keys), or
    /// `{ pattern = "ACME-[0-9]+", with = "[acme]" }`, a regular expression and what is written instead.
    pub redact: Vec<RedactionSection>,
    /// Of which projects; empty: of all.
    pub projects: Vec<String>,
}

impl Default for ContentSection {
    fn default() -> Self {
        let redact = BuiltIn::ALL.into_iter().map(RedactionSection::BuiltIn).collect();
        Self { enabled: false, max_bytes: 16 << 10, redact, projects: Vec::new() }
    }
}

/// One rule of redaction.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected `email`, `card`, `iban`, `phone`, `key` or { pattern = \"…\", with = \"…\" }")]
pub enum RedactionSection {
    /// One that Baton knows.
    BuiltIn(#[schemars(with = "String")] BuiltIn),
    /// A regular expression.
    Pattern(PatternSection),
}

/// A regular expression, and what stands in place of what it finds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternSection {
    /// The expression.
    pub pattern: String,
    /// What is written instead.
    #[serde(default = "removed")]
    pub with: String,
}

fn removed() -> String {
    "[removed]".into()
}

impl ContentSection {
    /// The rules, ready for use.
    ///
    /// # Errors
    /// The number of the rule that is no regular expression, and why.
    pub fn redactor(&self) -> Result<Redactor, (usize, String)> {
        let rules = self.redact.iter().enumerate().map(|(number, rule)| match rule {
            RedactionSection::BuiltIn(known) => Rule::built_in(*known).map_err(|problem| (number, problem)),
            RedactionSection::Pattern(rule) => {
                Rule::pattern(&rule.pattern, &rule.with).map_err(|problem| (number, problem))
            }
        });
        rules.collect::<Result<Vec<_>, _>>().map(Redactor::new)
    }
}
