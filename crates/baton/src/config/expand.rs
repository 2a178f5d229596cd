//! `${NAME}` in values.

use super::environment::Environment;
use super::fault::{ConfigError, ConfigFault};
use std::path::Path;
use toml::{Table, Value};

/// The same table with every `${NAME}` replaced.
///
/// # Errors
/// One fault for each name that is not set.
pub fn expand(path: &Path, mut table: Table, environment: &Environment) -> Result<Table, ConfigError> {
    let mut faults = Vec::new();
    for (key, value) in &mut table {
        expand_value(key, value, environment, &mut |at, problem| {
            faults.push(ConfigFault::new(path.display(), at, problem))
        });
    }
    if faults.is_empty() { Ok(table) } else { Err(ConfigError { faults }) }
}

fn expand_value(at: &str, value: &mut Value, environment: &Environment, fault: &mut dyn FnMut(&str, String)) {
    match value {
        Value::String(text) => match expand_text(text, environment) {
            Ok(new) => *text = new,
            Err(problem) => fault(at, problem),
        },
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                expand_value(&format!("{at}[{index}]"), item, environment, fault);
            }
        }
        Value::Table(table) => {
            for (key, item) in table {
                expand_value(&format!("{at}.{key}"), item, environment, fault);
            }
        }
        // A number or a boolean can't hold a variable: TOML has no place for one outside of a string.
        _ => {}
    }
}

/// The text with every `${NAME}` replaced.
///
/// # Errors
/// The first name that is not set.
pub fn expand_text(text: &str, environment: &Environment) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let (name, after) = after.split_once('}').ok_or_else(|| "`${` without `}`".to_owned())?;
        let value = environment.get(name).ok_or_else(|| format!("the environment variable `{name}` is not set"))?;
        out.push_str(value);
        // What a variable holds is not looked through again: a secret with `${` in it stays as it is.
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
