//! `[logs]`.

use crate::telemetry::redact::{BuiltIn, Redactor, Rule};
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// Log files: one per day (UTC), as JSON lines.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogsSection {
    /// Their folder.
    pub dir: PathBuf,
    /// How many days are kept.
    #[schemars(extend("x-limit" = true))]
    pub keep: usize,
    /// What is logged: `error`, `warn`, `info`, `debug`, `trace`, or by module (`info,baton_engine=debug`). `debug` and
    /// `trace` without a module apply to Baton's own lines only: lines of libraries may contain what clients send, and
    /// must be enabled by name (`debug,h2=debug`).
    pub level: String,
    /// The most bytes of lines that wait for a slow disk or terminal. More are lost; `baton_log_lines_lost_total`
    /// counts them, and a later line reports them.
    #[schemars(extend("x-limit" = true))]
    pub max_waiting_bytes: usize,
    /// The format of lines on the terminal: `readable`, or `json` for containers whose output is collected.
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

/// Prompts and replies in the log files. They are written only if enabled here, after the redaction rules have been
/// applied. They never appear on the terminal, in traces or in metrics.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ContentSection {
    /// Whether prompts and replies are written.
    pub enabled: bool,
    /// The most bytes of a prompt, and of a reply; the rest is cut off.
    #[schemars(extend("x-limit" = true))]
    pub max_bytes: usize,
    /// What is redacted: `email`, `card` (payment cards), `iban`, `phone`, `key` (API keys, tokens, private keys), or
    /// `{ pattern = "ACME-[0-9]+", with = "[acme]" }`, a regular expression and its replacement.
    pub redact: Vec<RedactionSection>,
    /// The projects whose content is written; empty: all.
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
#[serde(untagged, expecting = "must be `email`, `card`, `iban`, `phone`, `key` or { pattern = \"…\", with = \"…\" }")]
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
