//! What is wrong with a configuration, and where.

use baton_engine::names::nearest_name;
use baton_model::serde_words;
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

/// A file that is not TOML. The parser's own sentences speak of its grammar.
pub fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let message = error.message();
    let problem = if message.contains("duplicate key") {
        "this key is given twice"
    } else if message.contains("must be quoted") || message.contains("missing opening quote") {
        "a value is required here; a string must be in quotes"
    } else if message.contains("unclosed") || message.contains("invalid basic string") {
        "a bracket or quote is not closed"
    } else {
        "is not valid TOML here"
    };
    ConfigFault::new(locate(path, text, error.span().map(|span| span.start)), "", problem).into()
}

/// A file that says something unknown, or of another type. `written` is the text with its variables in place; the line
/// is looked up in the file as it stands.
pub fn shape_error(path: &Path, text: &str, written: &str, error: &toml::de::Error) -> ConfigError {
    let span = error.span().unwrap_or(0..0);
    let culprit = written.get(span.clone()).unwrap_or_default();
    let unknown = unknown_field(error.message());
    let word = unknown.unwrap_or(culprit).trim();
    // A table as a whole, where a field is missing: its header tells which one, of several of that name.
    let header = word.lines().next().filter(|line| line.starts_with('['));
    let (word, before) = match header {
        Some(header) => (header, written.get(..span.start).unwrap_or_default().matches(header).count()),
        None => (word, 0),
    };
    // The error's own place is one in `written`, whose lines are others. The word is the same in both, unless it came
    // from a variable: then only the file is named.
    let place = text.match_indices(word).nth(before).map(|(place, _)| place).filter(|_| !word.is_empty());
    let start = span.start + header.map_or(0, |header| header.len() + 1);
    let mut key = table_of(written, start);
    // An unknown key is named by its own sentence.
    if let Some(field) = field_at(written, start).filter(|_| unknown.is_none() && header.is_none()) {
        key = if key.is_empty() { field.to_owned() } else { format!("{key}.{field}") };
    }
    ConfigFault::new(locate(path, text, place), key, message(error.message())).into()
}

/// The name in "unknown field `name`, expected …".
fn unknown_field(message: &str) -> Option<&str> {
    message.strip_prefix("unknown field `")?.split('`').next()
}

/// The message, with the nearest known name in place of a list of them all.
pub fn message(message: &str) -> String {
    let Some(name) = unknown_field(message) else { return serde_words::describe(message).into_owned() };
    // serde says: unknown field `a`, expected one of `b`, `c`. After the name, every second piece is a known one.
    let known = message.split('`').skip(3).step_by(2);
    let hint = nearest_name(name, known.clone()).map_or_else(
        || format!("known keys: {}", known.collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    format!("unknown key `{name}`; {hint}")
}

/// The path of the table in whose lines the place stands: `providers.groq`, `models[2].price`.
fn table_of(written: &str, place: usize) -> String {
    let before = written.get(..place).unwrap_or(written);
    let headers = || before.lines().map(str::trim).filter(|line| line.starts_with('[') && line.ends_with(']'));
    let Some(last) = headers().next_back() else { return String::new() };
    let mut path = last.trim_matches(['[', ']']).to_owned();
    // The last array above is the one that the table belongs to, if its name is the beginning of the path.
    if let Some(array) = headers().rfind(|line| line.starts_with("[[")) {
        let name = array.trim_matches(['[', ']']);
        let index = headers().filter(|line| *line == array).count() - 1;
        if let Some(rest) = path.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('.')) {
            path = format!("{name}[{index}]{rest}");
        }
    }
    path
}

/// The field whose value begins there.
fn field_at(written: &str, place: usize) -> Option<&str> {
    let line = written.get(..place)?.lines().last()?;
    let (field, _) = line.split_once('=')?;
    Some(field.trim()).filter(|field| !field.is_empty() && !field.contains(['[', '{', '"']))
}

fn locate(path: &Path, text: &str, place: Option<usize>) -> String {
    let Some(before) = place.and_then(|place| text.get(..place)) else { return path.display().to_string() };
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|letter| *letter != '\n').count() + 1;
    format!("{}:{line}:{column}", path.display())
}
