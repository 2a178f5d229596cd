//! The configuration: defaults, then the file, then the environment, then flags.
//!
//! [`sections`] is what can be said; its doc comments become `docs/configuration.md`. An unknown key is an error that
//! names the nearest known one; `${NAME}` in a value is taken from the environment.

mod duration;
mod environment;
mod expand;
mod fault;
mod layer;
pub mod reference;
pub mod sections;

pub use environment::Environment;
pub use expand::expand_text;
pub use fault::{ConfigError, ConfigFault};
pub use sections::Config;

use baton_model::serde_words;
use serde::Deserialize as _;
use std::path::{Path, PathBuf};

/// Where a configuration comes from, beside the environment.
#[derive(Debug, Clone, Default)]
pub struct ConfigSource {
    /// The file named by `--config`; it must be there.
    pub file: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
}

/// The file that is read if it is there and none was named.
const DEFAULT_FILE: &str = "baton.toml";

/// Reads the configuration.
///
/// # Errors
/// Every fault that was found, with where it stands.
pub fn load(source: &ConfigSource, environment: &Environment) -> Result<Config, ConfigError> {
    let named = source.file.clone().or_else(|| environment.get("BATON_CONFIG").map(PathBuf::from));
    let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        // A file that was asked for must be there; the usual one need not.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => String::new(),
        Err(error) => return Err(ConfigFault::new(path.display(), "", format!("can't be read: {error}")).into()),
    };
    read(&path, &text, source, environment)
}

fn read(path: &Path, text: &str, source: &ConfigSource, environment: &Environment) -> Result<Config, ConfigError> {
    // Read once on its own, for faults with their line.
    let table: toml::Table = toml::from_str(text).map_err(|error| fault::syntax(path, text, &error))?;
    let expanded = expand::expand(path, table, environment)?;
    // Only for its faults: the value is read again below, with the other layers over it.
    if Config::deserialize(expanded.clone()).is_err() {
        // Text alone has places. Writing it takes time that grows with the square of the models, so it is written for faults only.
        let written =
            toml::to_string(&expanded).map_err(|_| ConfigFault::new(path.display(), "", "is not valid TOML"))?;
        toml::from_str::<Config>(&written).map_err(|error| fault::shape_error(path, text, &written, &error))?;
    }

    let mut layers = config::Config::builder().add_source(layer::FileLayer(expanded));
    for (variable, key, value) in environment.overrides() {
        // Each one alone, because the error of all layers together names neither a variable nor a line.
        check_value(key, value).map_err(|problem| ConfigFault::new("environment", variable, problem))?;
        layers = layers.set_override(key, value).map_err(|_| ConfigFault::new("environment", key, "can't be set"))?;
    }
    if let Some(listen) = &source.listen {
        layers = layers
            .set_override("server.listen", listen.as_str())
            .map_err(|_| ConfigFault::new("--listen", "", "can't be set"))?;
    }
    let mut config: Config = layers
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(|error| ConfigFault::new("environment", "", serde_words::describe(&error.to_string())))?;
    // After all layers: a provider of the file keeps its name.
    environment.register_providers(&mut config);
    let mut faults = sections::check(&config, &path.display().to_string());
    for fault in &mut faults {
        if let Some(place) = find_override(&fault.key, source, environment) {
            fault.place = place;
        }
    }
    if faults.is_empty() { Ok(config) } else { Err(ConfigError { faults }) }
}

/// Whether one value may stand at a key, and what was expected if not.
fn check_value(key: &str, value: &str) -> Result<(), String> {
    let check = |value: toml::Value| toml::from_str::<Config>(&format!("{key} = {value}"));
    let as_text = check(value.into());
    // A variable has no type. What reads as a number may be one, or a text of digits.
    let number = value.parse::<i64>().map(toml::Value::from).or_else(|_| value.parse::<f64>().map(toml::Value::from));
    let checked = match number {
        Ok(number) if as_text.is_err() => check(number),
        _ => as_text,
    };
    checked.map(drop).map_err(|error| serde_words::describe(error.message()).into_owned())
}

/// The flag or the variable that a key's value comes from, if it comes from one.
fn find_override(key: &str, source: &ConfigSource, environment: &Environment) -> Option<String> {
    if key == "server.listen" && source.listen.is_some() {
        return Some("--listen".to_owned());
    }
    let (variable, ..) = environment.overrides().find(|(_, overridden, _)| *overridden == key)?;
    Some(format!("environment: {variable}"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Config, ConfigError> {
        read(Path::new("baton.toml"), text, &ConfigSource::default(), &Environment::of([]))
    }

    #[test]
    fn a_former_name_is_still_read() {
        assert_eq!(read_text("[cache]\nmax_answer_bytes = 7\n").unwrap().cache.max_reply_bytes, 7);
    }

    #[test]
    fn faults_have_the_path_of_their_field_and_no_words_of_libraries() {
        let models = "[[models]]\nmodel_id = \"a\"\nprovider = \"x\"\n[[models]]\nmodel_id = \"b\"\nprovider = \"x\"\n";
        for (text, fault) in [
            ("[cache]\nmax_bytes = -1\n", "baton.toml:2:13: cache.max_bytes: must be an integer of at least 0, got -1"),
            (
                "[cache]\nttl = \"soon\"\n",
                "baton.toml:2:7: cache.ttl: must be a time such as 500ms, 30s or 24h, got \"soon\"",
            ),
            ("[providers.x]\ntimeouts = { idle = 5 }\n", "providers.x.timeouts.idle: must be "),
            (
                &format!("{models}token_limit = \"many\"\n"),
                "models[1].token_limit: must be an integer of at least 0, got \"many\"",
            ),
            (&format!("{models}price = {{ input = true }}\n"), "models[1].price.input: must be dollars per million"),
            (&format!("{models}[[models]]\nmodel_id = \"c\"\n"), "models[2].provider: is required"),
            ("[cache]\nttl = 1h\n", "baton.toml:2:"),
            ("[cache]\nttl = \"1h\"\nttl = \"2h\"\n", "this key is given twice"),
            ("[cache\n", "a bracket or quote is not closed"),
            ("[cache]\nttl =\n", "a value is required here; a string must be in quotes"),
            ("[cache]\ndefault = off\n", "a string must be in quotes"),
        ] {
            let error = read_text(text).unwrap_err().to_string();
            assert!(error.contains(fault), "{text}{error}");
            assert!(!error.contains("invalid") && !error.contains("u64"), "{text}{error}");
        }
    }

    const BUDGET: &str = "[[budgets]]\nbudget_id = \"b\"\nscope = {}\namount = 1\nperiod = \"day\"\n";

    #[test]
    fn faults_of_budgets_and_limits_have_their_place() {
        for (text, fault) in [
            (
                format!("{BUDGET}{BUDGET}"),
                "baton.toml: budgets[1].budget_id: `b` is used by the budget of index 0 already",
            ),
            (format!("{BUDGET}timezone = \"Berlin\"\n"), "baton.toml: budgets[0].timezone: unknown time zone `Berlin`"),
            (format!("{BUDGET}ammount = 1\n"), "unknown key `ammount`; did you mean `amount`?"),
            (format!("{BUDGET}[budgets.when_unpriced]\nprize = 1\n"), "baton.toml: budgets[0].when_unpriced"),
            (
                "[[limits]]\nlimit_id = \"l\"\nscope = { team = \"a\" }\n".to_owned(),
                "limits[0].scope.team: unknown key `team`",
            ),
            ("[[limits]]\nscope = {}\ntokens = 1\n".to_owned(), "limits[0].limit_id: is required"),
        ] {
            let error = read_text(&text).unwrap_err().to_string();
            assert!(error.contains(fault), "{text}{error}");
        }
    }

    #[test]
    fn hard_policies_that_nodes_could_not_count_together_are_refused() {
        let postgres = "[database]\nurl = \"postgresql://db/baton\"\n";
        let refused = read_text(&format!("{BUDGET}{postgres}")).unwrap_err().to_string();
        assert!(refused.contains("baton.toml: redis.url: is required: `budgets[0]` is hard"), "{refused}");
        let limit = "[[limits]]\nlimit_id = \"l\"\nscope = {}\nconcurrency = 1\n";
        let refused = read_text(&format!("{limit}{postgres}")).unwrap_err().to_string();
        assert!(refused.contains("`limits[0]` is hard"), "{refused}");
        let redis = "[redis]\nurl = \"redis://cache\"\n";
        let soft = "mode = \"soft\"\n";
        for fine in [BUDGET.to_owned(), format!("{BUDGET}{postgres}{redis}"), format!("{BUDGET}{soft}{postgres}")] {
            read_text(&fine).unwrap();
        }
    }
}
