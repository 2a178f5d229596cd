//! `baton export`: writes a file for `baton apply` of what is registered.

use super::apply::kinds::{ALL, Creation, Kind, lookup};
use super::apply::registered::{Origin, RegisteredThing, read};
use super::apply::schema::{BodyFields, KindFields};
use super::output::{self, Format};
use super::toml_file::{self, CommentedEntry};
use crate::client::Server;
use crate::config::Environment;
use anyhow::bail;
use baton_engine::names::nearest_name;
use baton_model::{Clock, SystemClock, Timestamp};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Writes what is registered as a file for `baton apply`: the fields that can be set, without secrets.
///
/// A key of a provider is written as `${NAME}`, which `baton apply` takes from the environment. What can't be written is
/// named on the standard error.
///
/// Example: baton export --kinds projects,keys,budgets > team.toml
#[derive(Args)]
pub struct ExportCommand {
    #[command(flatten)]
    server: Server,
    /// Only these kinds [default: all]
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<String>,
    /// The form of the file [default: toml]
    #[arg(long, value_enum, value_name = "toml|json", hide_possible_values = true)]
    format: Option<ExportFormat>,
    /// With what stands in the server's configuration file, and with discovered models
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// TOML, with comments
    Toml,
    /// JSON, which can say null within metadata
    Json,
}

/// What an export is made of.
#[derive(Debug, Default)]
pub struct Export {
    /// The entries of each kind, in the order of the kinds.
    pub kinds: Vec<(&'static str, Vec<CommentedEntry>)>,
    /// What could not be written.
    pub notes: Vec<String>,
}

impl ExportCommand {
    /// Runs it.
    pub async fn run(self, environment: &Environment) -> anyhow::Result<ExitCode> {
        for kind in &self.kinds {
            if lookup(kind).is_none() {
                let known: Vec<_> = ALL.iter().map(|kind| kind.name).collect();
                let hint = nearest_name(kind, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
                let hint = hint.unwrap_or_else(|| format!("known kinds: {}", known.join(", ")));
                bail!("--kinds: unknown kind `{kind}`; {hint}");
            }
        }
        let client = self.server.client(environment)?;
        let known = BodyFields::of_server(&client).await?;
        let format = self.format.unwrap_or(match self.server.output.format() {
            Format::Json => ExportFormat::Json,
            Format::Table | Format::Csv => ExportFormat::Toml,
        });
        let mut writer = Writer { format, all: self.all, now: SystemClock.now(), ..Writer::default() };
        for kind in &ALL {
            let is_wanted = self.kinds.is_empty() || self.kinds.iter().any(|name| name == kind.name);
            match known.of(kind) {
                Some(fields) if is_wanted => writer.add(kind, fields, read(&client, kind).await?),
                None if is_wanted && !self.kinds.is_empty() => {
                    bail!("this Baton has no {}: its version is another one", kind.name)
                }
                _ => {}
            }
        }
        let export = writer.export;
        for note in &export.notes {
            output::print_note(&format!("note: {note}"));
        }
        match format {
            ExportFormat::Json => output::print_json(&export.json()),
            ExportFormat::Toml => output::print_text(&export.toml()?),
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Export {
    /// As one JSON object.
    pub fn json(&self) -> Value {
        let entries = |entries: &[CommentedEntry]| entries.iter().map(|entry| entry.fields.clone().into()).collect();
        let kinds = self.kinds.iter().map(|(kind, of_kind)| ((*kind).to_owned(), Value::Array(entries(of_kind))));
        Value::Object(kinds.collect())
    }

    /// As TOML, with the notes at the top.
    ///
    /// # Errors
    /// If a value can't be said in TOML; whoever made the entries has seen to that.
    pub fn toml(&self) -> anyhow::Result<String> {
        let mut text =
            "# What is registered, for `baton apply -f FILE`. A field that is left out stays as it is.\n".to_owned();
        text.push_str(&toml_file::comments("note: ", &self.notes));
        for (kind, entries) in &self.kinds {
            text.push_str(&toml_file::write(kind, entries)?);
        }
        Ok(text)
    }
}

/// Makes an export.
struct Writer {
    format: ExportFormat,
    all: bool,
    now: Timestamp,
    export: Export,
    /// The variables that stand for secrets so far.
    variables: BTreeSet<String>,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            format: ExportFormat::Toml,
            all: false,
            now: Timestamp(0),
            export: Export::default(),
            variables: BTreeSet::new(),
        }
    }
}

impl Writer {
    fn add(&mut self, kind: &'static Kind, known: &KindFields, mut registered: Vec<RegisteredThing>) {
        // In one order, whichever the server lists them in: a file under version control then shows what has changed.
        registered.sort_by(|a, b| a.identity.cmp(&b.identity));
        let mut entries = Vec::new();
        let mut seen: Vec<Vec<Option<String>>> = Vec::new();
        for thing in registered {
            if !self.is_wanted(kind, &thing) {
                continue;
            }
            if seen.contains(&thing.identity) {
                let message =
                    "is left out: another one has the same name, so that `baton apply` could not tell them apart";
                self.note(kind, &thing, message);
                continue;
            }
            seen.push(thing.identity.clone());
            entries.extend(self.entry(kind, known, &thing));
        }
        if !entries.is_empty() {
            self.export.kinds.push((kind.name, entries));
        }
    }

    fn note(&mut self, kind: &Kind, thing: &RegisteredThing, message: &str) {
        self.export.notes.push(format!("the {} `{}` {message}", kind.noun, thing.name));
    }

    fn is_wanted(&mut self, kind: &Kind, thing: &RegisteredThing) -> bool {
        match &thing.origin {
            Origin::Api => {}
            // They are written where they are said: on their project or key.
            Origin::ReadOnly(_) if !self.all || thing.fields.get("origin").is_some_and(|origin| origin != "file") => {
                return false;
            }
            Origin::Discovered if !self.all => return false,
            Origin::ReadOnly(_) | Origin::Discovered => {}
        }
        // The API makes no key that is expired already.
        let expiry = thing.fields.get("expires_at").and_then(Value::as_str).filter(|_| kind.name == "keys");
        if expiry.and_then(baton_model::schema::time::read).is_some_and(|time| time <= self.now) {
            self.note(kind, thing, "is left out: it has expired");
            return false;
        }
        true
    }

    fn entry(&mut self, kind: &Kind, known: &KindFields, thing: &RegisteredThing) -> Option<CommentedEntry> {
        let mut entry = CommentedEntry::default();
        if thing.origin != Origin::Api {
            entry.comments.push(match &thing.origin {
                Origin::ReadOnly(place) => format!("It stands in {place}."),
                _ => "It was discovered.".to_owned(),
            });
        }
        for (field, value) in &thing.fields {
            let is_field = known.has(field) || (kind.creation == Creation::Put && field == kind.id);
            if !is_field || says_nothing(value) {
                continue;
            }
            if kind.hides(field) {
                self.secret(kind, thing, field, value, &mut entry);
                continue;
            }
            match self.unrepresentable_reason(value) {
                None => _ = entry.fields.insert(field.clone(), value.clone()),
                Some(why) if kind.matched_by.contains(&field.as_str()) => {
                    self.note(kind, thing, &format!("is left out: its {field} {why}"));
                    return None;
                }
                Some(why) => self.note(kind, thing, &format!("is written without its {field}, which {why}")),
            }
        }
        if kind.name == "webhooks" && thing.name.contains(['?', '@']) {
            self.note(kind, thing, "may have a secret in its address, which is written as it is");
        }
        if thing.fields.get("scope").is_some_and(|scope| scope.get("key").is_some_and(|key| key != "*")) {
            self.note(kind, thing, "is for keys by their ids, which are others on another server");
        }
        Some(entry)
    }

    /// Writes a placeholder for a secret, of which only the beginning or the names are shown.
    fn secret(&mut self, kind: &Kind, thing: &RegisteredThing, field: &str, shown: &Value, entry: &mut CommentedEntry) {
        let names = || shown.as_array().into_iter().flatten().filter_map(Value::as_str);
        let value = match field {
            "api_key" => {
                let begin = shown.as_str().unwrap_or_default();
                let variable = self.variable(&thing.name, "API_KEY");
                entry.notes.insert(field.to_owned(), format!("not shown; it begins with {begin}"));
                json!(variable)
            }
            "headers" => {
                let header =
                    |name: &str| (name.to_owned(), json!(self.variable(&thing.name, &format!("HEADER_{name}"))));
                Value::Object(names().map(header).collect())
            }
            // A parameter without a name may be a secret as a whole.
            "query" if names().all(|name| name != "…") => {
                let parameter = |name| format!("{name}={}", self.variable(&thing.name, &format!("QUERY_{name}")));
                json!(names().map(parameter).collect::<Vec<_>>().join("&"))
            }
            _ => return self.note(kind, thing, &format!("is written without its {field}, which is not shown")),
        };
        entry.fields.insert(field.to_owned(), value);
    }

    /// A variable for a secret, as a value has it; no other secret has the same.
    fn variable(&mut self, owner: &str, what: &str) -> String {
        let word = |text: &str| -> String {
            text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
        };
        let name = format!("{}_{}", word(owner), word(what));
        let mut free = name.clone();
        for number in 2.. {
            if self.variables.insert(free.clone()) {
                break;
            }
            free = format!("{name}_{number}");
        }
        format!("${{{free}}}")
    }

    /// Why a value can't be written so that it reads as the same.
    fn unrepresentable_reason(&self, value: &Value) -> Option<&'static str> {
        match value {
            Value::String(text) => text.contains("${").then_some("has `${` in it, which would be read as a variable"),
            Value::Null => (self.format == ExportFormat::Toml)
                .then_some("has a null in it, which TOML can't say; use --format json"),
            Value::Number(number) => {
                (self.format == ExportFormat::Toml && number.is_u64() && number.as_i64().is_none())
                    .then_some("has a number in it that is too large for TOML; use --format json")
            }
            Value::Bool(_) => None,
            Value::Array(items) => items.iter().find_map(|item| self.unrepresentable_reason(item)),
            Value::Object(members) => members.values().find_map(|member| self.unrepresentable_reason(member)),
        }
    }
}

/// Whether a value is what a thing has of which nothing was said.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use crate::commands::apply::file::{self, FileFormat};
    use crate::commands::apply::registered::thing;
    use crate::commands::apply::step::{Plan, ServerState, Wishes};
    use crate::commands::toml_file::tests::representable;
    use proptest::prelude::*;
    use serde_json::Map;
    use std::sync::LazyLock;

    // Made once: the description is large.
    static KNOWN: LazyLock<BodyFields> =
        LazyLock::new(|| BodyFields::of_description(&serde_json::to_value(crate::surface::description()).unwrap()));

    fn export(kind: &'static Kind, registered: &[RegisteredThing], format: ExportFormat) -> Export {
        let mut writer = Writer { format, now: Timestamp(1), ..Writer::default() };
        writer.add(kind, KNOWN.of(kind).unwrap(), registered.to_vec());
        writer.export
    }

    /// What a file would change of what it was written from.
    fn changes(
        kind: &'static Kind,
        registered: &[RegisteredThing],
        export: &Export,
        format: ExportFormat,
    ) -> Vec<String> {
        let (text, read_as) = match format {
            ExportFormat::Toml => (export.toml().unwrap(), FileFormat::Toml),
            ExportFormat::Json => (export.json().to_string(), FileFormat::Json),
        };
        let said = file::read("f", &text, read_as, &Environment::of([("P_API_KEY", "sk-0123456789abcdef")]));
        let said = said.unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        let mut state = ServerState { fields: KNOWN.clone(), ..ServerState::default() };
        state.registered.insert(kind.name, registered.to_vec());
        // Nothing is known of other kinds, so that names in fields are not looked up.
        let plan = Plan::new(&said, &state, Wishes { prune: true, resend: false });
        let plan = plan.unwrap_or_else(|problems| panic!("{problems:?}\n{text}"));
        plan.steps.iter().map(|step| format!("{} {} {:?}", step.action.name(), step.name, step.changes)).collect()
    }

    #[test]
    fn secrets_are_placeholders_and_what_is_shown_only_is_left_out() {
        let kind = lookup("providers").unwrap();
        let registration = json!({
            "kind": "groq", "base_url": null, "key_prefix": "sk-0", "headers": [], "query": [], "timeouts": {},
            "discover": true, "created_at": "2026-11-23T12:00:00.000000Z",
        });
        let provider = json!({ "name": "p", "source": "api", "models": 3, "registration": registration });
        let configured = json!({ "name": "q", "source": "config", "kind": "openai", "default_model": null });
        let registered: Vec<_> = [provider, configured].into_iter().filter_map(|item| thing(kind, item)).collect();
        let export = export(kind, &registered, ExportFormat::Toml);
        let text = export.toml().unwrap();
        assert!(text.contains("api_key = \"${P_API_KEY}\" # not shown; it begins with sk-0\n"), "{text}");
        assert!(!text.contains("created_at") && !text.contains("models") && !text.contains("\"q\""), "{text}");
        assert_eq!(changes(kind, &registered, &export, ExportFormat::Toml), [""; 0]);
    }

    #[test]
    fn what_a_file_cannot_say_is_named() {
        let kind = lookup("models").unwrap();
        let model = json!({
            "model_id": "m", "provider": "p", "display_name": "${HOME}", "metadata": { "a": null, "b": u64::MAX },
        });
        let registered: Vec<_> = thing(kind, model).into_iter().collect();
        let toml = export(kind, &registered, ExportFormat::Toml);
        assert_eq!(toml.notes.len(), 2, "{:?}", toml.notes);
        let json = export(kind, &registered, ExportFormat::Json);
        assert_eq!((json.notes.len(), json.json()["models"][0]["metadata"]["b"].as_u64()), (1, Some(u64::MAX)));
    }

    #[test]
    fn expired_and_revoked_keys_and_second_ones_are_left_out() {
        let kind = lookup("keys").unwrap();
        let key = |id: &str, more: (&str, &str)| {
            let mut key = json!({ "id": id, "name": "a", "role": "caller" });
            key[more.0] = json!(more.1);
            key
        };
        let items = [
            key("1", ("revoked_at", "2026-01-01T00:00:00Z")),
            key("2", ("project_id", "p")),
            key("3", ("scope", "all")),
            key("4", ("scope", "all")),
        ];
        let registered: Vec<_> = items.into_iter().filter_map(|item| thing(kind, item)).collect();
        let export = export(kind, &registered, ExportFormat::Json);
        assert_eq!(export.json()["keys"].as_array().unwrap().len(), 2);
        assert!(export.notes[0].contains("same name"), "{:?}", export.notes);
    }

    proptest! {
        /// Whatever the fields of things say, a file of them changes nothing.
        #[test]
        fn an_export_changes_nothing(
            place in 0..ALL.len(),
            things in prop::collection::vec(prop::collection::vec(representable(), 16), 0..4),
        ) {
            let kind = &ALL[place];
            let Some(fields) = KNOWN.of(kind) else { return Ok(()) };
            let item = |(number, values): (usize, &Vec<Value>)| {
                let mut item: Map<String, Value> =
                    fields.all().map(str::to_owned).zip(values.iter().cloned()).collect();
                for field in kind.matched_by.iter().chain([&kind.id]) {
                    item.insert((*field).to_owned(), json!(format!("n{number}")));
                }
                // Secrets are not shown so, and this one is another way to say a price.
                item.retain(|field, _| !kind.hides(field) && field != "cost_per_token");
                match kind.name {
                    "providers" => json!({ "name": item["name"], "source": "api", "registration": item }),
                    _ => item.into(),
                }
            };
            let items: Vec<RegisteredThing> = things.iter().enumerate().map(item).filter_map(|item| thing(kind, item)).collect();
            for format in [ExportFormat::Toml, ExportFormat::Json] {
                let export = export(kind, &items, format);
                prop_assert_eq!(changes(kind, &items, &export, format), [""; 0]);
            }
        }
    }
}
