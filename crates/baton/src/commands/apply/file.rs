//! A file of things: TOML, JSON or YAML, with an array of tables for each kind.

use super::kinds::{ALL, Kind, lookup};
use crate::config::{Environment, expand_text};
use baton_engine::names::nearest_name;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// TOML, as `baton.toml`.
    Toml,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// What a file says.
#[derive(Debug, Default)]
pub struct Declarations {
    /// The kinds that it mentions, with what it says of each. An empty array mentions its kind too.
    pub kinds: BTreeMap<&'static str, Vec<Entry>>,
}

/// A thing in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where it stands: `models[1]`, with the line where that is known.
    pub place: String,
    /// Its name in sentences.
    pub name: String,
    /// What tells it apart from others of its kind.
    pub identity: Vec<Option<String>>,
    /// Its fields, with the values of variables in place.
    pub fields: Map<String, Value>,
}

/// Everything that is wrong with a file.
pub type Problems = Vec<String>;

impl FileFormat {
    /// By the end of the file's name, else by how the text begins.
    pub fn of(path: &Path, text: &str) -> Self {
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
        match ending.as_deref() {
            Some("json") => Self::Json,
            Some("yaml" | "yml") => Self::Yaml,
            Some("toml") => Self::Toml,
            // From a pipe: JSON begins with a bracket, with which no line of TOML's tables begins.
            _ if text.trim_start().starts_with('{') => Self::Json,
            _ => Self::Toml,
        }
    }
}

/// Reads a file; `name` is what problems call it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn read(name: &str, text: &str, format: FileFormat, environment: &Environment) -> Result<Declarations, Problems> {
    let (document, lines) = parse(text, format).map_err(|problem| vec![format!("{name}{problem}")])?;
    let (mut problems, mut kinds) = (Problems::new(), BTreeMap::new());
    for (word, value) in document {
        let Some(kind) = lookup(&word) else {
            problems.push(format!("{name}: {}", unknown_kind(&word)));
            continue;
        };
        let Value::Array(items) = value else {
            problems.push(format!("{name}: `{word}` must be an array of tables, such as [[{word}]] in TOML"));
            continue;
        };
        let mut entries: Vec<Entry> = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let line = lines.get(&word).and_then(|lines| lines.get(index)).map(|line| format!(":{line}"));
            let place = format!("{name}{}: {word}[{index}]", line.unwrap_or_default());
            match entry(kind, place, item, environment) {
                Ok(entry) => {
                    if let Some(first) = entries.iter().find(|other| other.identity == entry.identity) {
                        problems.push(format!(
                            "{}: the {} `{}` is in {} already",
                            entry.place, kind.noun, entry.name, first.place
                        ));
                    }
                    entries.push(entry);
                }
                Err(found) => problems.extend(found),
            }
        }
        kinds.insert(kind.name, entries);
    }
    if problems.is_empty() { Ok(Declarations { kinds }) } else { Err(problems) }
}

fn unknown_kind(word: &str) -> String {
    let known = || ALL.iter().map(|kind| kind.name);
    match nearest_name(word, known()) {
        Some(near) => format!("unknown kind `{word}`; did you mean `{near}`?"),
        None => format!("unknown kind `{word}`; known kinds: {}", known().collect::<Vec<_>>().join(", ")),
    }
}

fn entry(kind: &'static Kind, place: String, item: Value, environment: &Environment) -> Result<Entry, Problems> {
    let Value::Object(mut fields) = item else { return Err(vec![format!("{place}: must be a table of fields")]) };
    let mut problems = Problems::new();
    for (field, value) in &mut fields {
        expand(field, value, environment, &mut |at, problem| problems.push(format!("{place}: {at}: {problem}")));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    for field in kind.matched_by {
        if fields.get(*field).is_some_and(|value| !value.is_string() && !value.is_null()) {
            problems.push(format!("{place}: `{field}` must be text"));
        }
    }
    let Some(name) = kind.name_of(&fields) else {
        let field = kind.matched_by.last().copied().unwrap_or_default();
        problems.push(format!("{place}: `{field}` is required, by which a {} is found again", kind.noun));
        return Err(problems);
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let identity = kind.identity(&fields);
    Ok(Entry { place: format!("{place} (`{name}`)"), name, identity, fields })
}

/// Puts the values of variables in place of `${NAME}`, as in `baton.toml`.
fn expand(at: &str, value: &mut Value, environment: &Environment, fault: &mut dyn FnMut(&str, String)) {
    match value {
        Value::String(text) => match expand_text(text, environment) {
            Ok(new) => *text = new,
            Err(problem) => fault(at, problem),
        },
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                expand(&format!("{at}[{index}]"), item, environment, fault);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                expand(&format!("{at}.{name}"), member, environment, fault);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The lines in which the entries of each kind begin.
type Lines = BTreeMap<String, Vec<usize>>;

/// The text as JSON, and where its entries stand; else where it is wrong and how, to be put behind the file's name.
fn parse(text: &str, format: FileFormat) -> Result<(Map<String, Value>, Lines), String> {
    let (document, lines) = match format {
        FileFormat::Toml => {
            let ends: Vec<usize> = text.match_indices('\n').map(|(place, _)| place).collect();
            let at = |place: usize| ends.partition_point(|end| *end < place) + 1;
            let problem = |error: toml::de::Error| {
                let line = error.span().map(|span| format!(":{}", at(span.start))).unwrap_or_default();
                format!("{line}: is not valid TOML: {}", error.message())
            };
            let places = DeTable::parse(text).map_err(problem)?;
            let table: toml::Table = toml::from_str(text).map_err(problem)?;
            let mut document = of_toml(toml::Value::Table(table)).map_err(|problem| format!(": {problem}"))?;
            for (kind, value) in places.get_ref() {
                in_order_of_file(value.get_ref(), document.get_mut(kind.get_ref().as_ref()));
            }
            let lines =
                places.get_ref().iter().map(|(kind, value)| (kind.get_ref().to_string(), starts(value.get_ref(), &at)));
            (document, lines.collect())
        }
        FileFormat::Json => {
            let document =
                serde_json::from_str(text).map_err(|error| format!(":{}: is not valid JSON: {error}", error.line()))?;
            (document, Lines::new())
        }
        FileFormat::Yaml => (yaml(text).map_err(|problem| format!(": {problem}"))?, Lines::new()),
    };
    match document {
        Value::Object(document) => Ok((document, lines)),
        // An empty file of YAML.
        Value::Null => Ok((Map::new(), lines)),
        _ => Err(": must be a table with an array for each kind".to_owned()),
    }
}

/// Puts the fields of the tables of an array in the order of the file, which the library's tables forget.
fn in_order_of_file(places: &DeValue<'_>, entries: Option<&mut Value>) {
    let (DeValue::Array(tables), Some(Value::Array(entries))) = (places, entries) else { return };
    for (table, entry) in tables.iter().zip(entries) {
        let (DeValue::Table(fields), Value::Object(entry)) = (table.get_ref(), entry) else { continue };
        let mut names: Vec<(usize, &str)> =
            fields.keys().map(|name| (name.span().start, name.get_ref().as_ref())).collect();
        names.sort_unstable();
        for (_, name) in names {
            // Taken out and put behind the others, each in turn.
            if let Some(value) = entry.shift_remove(name) {
                entry.insert(name.to_owned(), value);
            }
        }
    }
}

/// The lines in which the tables of an array begin.
fn starts(value: &DeValue<'_>, at: &dyn Fn(usize) -> usize) -> Vec<usize> {
    match value {
        DeValue::Array(items) => items.iter().map(|item| at(item.span().start)).collect(),
        _ => Vec::new(),
    }
}

/// Reads YAML. The library is serde-saphyr: it has no unsafe code, bounds what aliases may grow to, and is kept up, which
/// serde_yaml and its forks are not.
///
/// # Errors
/// What is wrong with it, and where.
pub fn yaml(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str(text).map_err(|error| {
        // The library's message draws the place with several lines of the file, which may hold a secret.
        let message = error.to_string();
        format!("is not valid YAML: {}", message.lines().next().unwrap_or_default())
    })
}

/// TOML's values in JSON; dates become text, as the API has them.
fn of_toml(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => serde_json::Number::from_f64(number)
            .map(Value::Number)
            .ok_or_else(|| format!("{number} is no number of JSON"))?,
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(of_toml).collect::<Result<_, _>>()?),
        toml::Value::Table(table) => {
            let members = table.into_iter().map(|(name, value)| Ok::<_, String>((name, of_toml(value)?)));
            Value::Object(members.collect::<Result<_, _>>()?)
        }
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read_toml(text: &str) -> Result<Declarations, Problems> {
        read("f.toml", text, FileFormat::Toml, &Environment::of([("KEY", "secret ${KEY}")]))
    }

    #[test]
    fn the_three_forms_say_the_same() {
        let toml = "budgets = []\n[[models]]\nmodel_id = \"a\"\nprice = { input = 0.5 }\n";
        let json = r#"{"budgets": [], "models": [{"model_id": "a", "price": {"input": 0.5}}]}"#;
        let yaml = "budgets: []\nmodels:\n  - model_id: a\n    price: {input: 0.5}\n";
        for (text, format) in [(toml, FileFormat::Toml), (json, FileFormat::Json), (yaml, FileFormat::Yaml)] {
            let said = read("f", text, format, &Environment::of([])).unwrap();
            assert_eq!(said.kinds.keys().copied().collect::<Vec<_>>(), ["budgets", "models"]);
            let fields = Value::Object(said.kinds["models"][0].fields.clone());
            assert_eq!(fields, json!({ "model_id": "a", "price": { "input": 0.5 } }), "{format:?}");
        }
    }

    #[test]
    fn fields_stay_in_their_order() {
        let said =
            read_toml("[[models]]\nmodel_id = \"a\"\nupstream = \"b\"\nfallbacks = []\n[models.price]\n").unwrap();
        let fields = &said.kinds["models"][0].fields;
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["model_id", "upstream", "fallbacks", "price"]);
    }

    #[test]
    fn variables_are_put_in_place_once() {
        let said = read_toml("[[providers]]\nname = \"a\"\nheaders = { x = \"b-${KEY}\" }\n").unwrap();
        assert_eq!(said.kinds["providers"][0].fields["headers"], json!({ "x": "b-secret ${KEY}" }));
    }

    #[test]
    fn every_problem_is_named_with_its_place() {
        let text = "modles = []\nlimits = 1\n\n[[models]]\nmodel_id = \"a\"\n[[models]]\nmodel_id = \"a\"\n\
                    [[keys]]\nproject_id = \"p\"\n[[keys]]\nname = 1\n[[providers]]\nname = \"x\"\napi_key = \"${NONE}\"\n";
        let problems = read_toml(text).unwrap_err();
        for expected in [
            "f.toml: unknown kind `modles`; did you mean `models`?",
            "f.toml: `limits` must be an array of tables",
            "f.toml:6: models[1] (`a`): the model `a` is in f.toml:4: models[0] (`a`) already",
            "f.toml:8: keys[0]: `name` is required",
            "f.toml:10: keys[1]: `name` must be text",
            "f.toml:12: providers[0]: api_key: the environment variable `NONE` is not set",
        ] {
            assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{expected} in {problems:#?}");
        }
    }

    #[test]
    fn keys_of_two_projects_may_have_one_name() {
        read_toml("[[keys]]\nname = \"ci\"\n[[keys]]\nname = \"ci\"\nproject_id = \"p\"\n").unwrap();
        let same = read_toml("[[keys]]\nname = \"ci\"\n[[keys]]\nname = \"ci\"\n").unwrap_err();
        assert!(same[0].contains("already"), "{same:?}");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,200}", lines in "([a-z\\[\\]{}:=\"&*#$ -]{0,12}\n){0,12}") {
            for text in [&text, &lines] {
                for format in [FileFormat::Toml, FileFormat::Json, FileFormat::Yaml] {
                    let _ = read("f", text, format, &Environment::of([]));
                }
            }
        }
    }
}
