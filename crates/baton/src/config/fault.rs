//! What is wrong with a configuration, and where.

use baton_engine::registry::nearest_name;
use std::fmt;
use std::path::Path;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The file (with line and column where known), or `environment`.
    pub place: String,
    /// The key: `providers.groq.base_url`; empty for the whole.
    pub key: String,
    /// What is wrong, and what was expected.
    pub problem: String,
}

impl ConfigFault {
    /// A fault.
    pub fn new(place: impl fmt::Display, key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { place: place.to_string(), key: key.into(), problem: problem.into() }
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, key, problem } = self;
        if key.is_empty() { write!(f, "{place}: {problem}") } else { write!(f, "{place}: {key}: {problem}") }
    }
}

/// Everything that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one.
    pub faults: Vec<ConfigFault>,
}

impl From<ConfigFault> for ConfigError {
    fn from(fault: ConfigFault) -> Self {
        Self { faults: vec![fault] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.faults.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// A file that is not TOML.
pub fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    ConfigFault::new(locate(path, text, error.span().map(|span| span.start)), "", error.message()).into()
}

/// A file that says something unknown, or of another type. `written` is the text with its variables in place; the line
/// is looked up in the file as it stands.
pub fn shape_error(path: &Path, text: &str, written: &str, error: &toml::de::Error) -> ConfigError {
    let span = error.span().unwrap_or(0..0);
    let culprit = written.get(span.clone()).unwrap_or_default();
    let word = unknown_field(error.message()).unwrap_or(culprit).trim();
    // The error's own place is one in `written`, whose lines are others. The word is the same in both, unless it came
    // from a variable: then only the file is named.
    let place = text.find(word).filter(|_| !word.is_empty());
    let key = table_of(written, span.start);
    ConfigFault::new(locate(path, text, place), key, message(error.message())).into()
}

/// The name in "unknown field `name`, expected …".
fn unknown_field(message: &str) -> Option<&str> {
    message.strip_prefix("unknown field `")?.split('`').next()
}

/// The message, with the nearest known name in place of a list of them all.
pub fn message(message: &str) -> String {
    let Some(name) = unknown_field(message) else { return message.to_owned() };
    // serde says: unknown field `a`, expected one of `b`, `c`. After the name, every second piece is a known one.
    let known = message.split('`').skip(3).step_by(2);
    let hint = nearest_name(name, known.clone()).map_or_else(
        || format!("known are: {}", known.collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    format!("unknown key `{name}`; {hint}")
}

/// The table in whose lines the place stands.
fn table_of(written: &str, place: usize) -> String {
    let before = written.get(..place).unwrap_or(written);
    let header = before.lines().rev().map(str::trim).find(|line| line.starts_with('[') && line.ends_with(']'));
    header.map(|line| line.trim_matches(['[', ']']).to_owned()).unwrap_or_default()
}

fn locate(path: &Path, text: &str, place: Option<usize>) -> String {
    let Some(before) = place.and_then(|place| text.get(..place)) else { return path.display().to_string() };
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    format!("{}:{line}:{column}", path.display())
}
