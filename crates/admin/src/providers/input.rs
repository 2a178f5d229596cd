//! The fields of a provider as a client gives them.

use crate::wire::faults::Faults;
use crate::wire::fields::{Fields, brief};
use baton_control::providers::{ProviderSecrets, ProviderSettings};
use baton_model::{ProviderId, PublicError};
use baton_providers::presets;
use baton_seal::Keyring;
use baton_store::RegisteredProvider;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What a provider shall be. Changing one, what is absent stays, and null forgets.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "the schema of what `Fields` reads")]
pub struct ProviderBody {
    /// Its name: letters, digits, `-`, `_` and `.`. Can't be changed.
    #[schema(example = "groq")]
    name: Option<String>,
    /// `openai`, `anthropic` or `ollama`, or a preset: `groq`, `together`, `azure`, `vllm` and others.
    #[schema(example = "groq")]
    kind: Option<String>,
    /// Its address; a preset knows its own.
    base_url: Option<String>,
    /// Its key. ProviderSettings encrypted, and never shown again.
    api_key: Option<String>,
    /// Headers sent with every request. ProviderSettings encrypted like the key; replaced as a whole.
    headers: Option<BTreeMap<String, String>>,
    /// Query sent with every request (`api-version=…`).
    query: Option<String>,
    /// Bounds on waiting: `connect`, `first_token`, `idle`, `total`, each as `30s`.
    #[schema(example = json!({ "first_token": "30s" }))]
    timeouts: Option<BTreeMap<String, String>>,
    /// How often the same model is tried again on an error that invites it.
    retries: Option<u32>,
    /// Whether its own list of models is taken over.
    discover: Option<bool>,
    /// The model for requests that name only this provider.
    default_model: Option<String>,
}

/// What is said of a provider: absent fields say nothing; `Some(None)` forgets.
#[derive(Default)]
pub struct Changes {
    kind: Option<String>,
    base_url: Option<Option<String>>,
    api_key: Option<Option<String>>,
    headers: Option<BTreeMap<String, String>>,
    query: Option<Option<String>>,
    timeouts: Option<BTreeMap<String, u64>>,
    retries: Option<Option<u32>>,
    discover: Option<Option<bool>>,
    default_model: Option<Option<String>>,
}

/// The longest bound of a call, in milliseconds: 24 hours.
const LONGEST_BOUND: u64 = 24 * 3600 * 1000;

const BOUNDS: [&str; 4] = ["connect", "first_token", "idle", "total"];
const LONGEST_NAME: usize = 64;
const MOST_RETRIES: u32 = 10;

impl Changes {
    /// Reads the fields of a provider but its name; `None` if none is given.
    pub fn read(fields: &mut Fields, faults: &mut Faults) -> Option<Self> {
        let said =
            ["kind", "base_url", "api_key", "headers", "query", "timeouts", "retries", "discover", "default_model"]
                .map(|name| fields.raw(name).is_some())
                .contains(&true);
        let changes = Self {
            kind: kind(fields, faults),
            base_url: fields.nullable_text("base_url", faults),
            api_key: fields.nullable_text("api_key", faults),
            headers: fields
                .take("headers", "an object of header names and values", faults)
                .map(Option::<BTreeMap<String, String>>::unwrap_or_default),
            query: fields.nullable_text("query", faults),
            timeouts: timeouts(fields, faults),
            retries: retries(fields, faults),
            discover: fields.take("discover", "true or false", faults),
            default_model: fields.nullable_text("default_model", faults),
        };
        said.then_some(changes)
    }

    /// Whether the kind is said.
    pub fn names_kind(&self) -> bool {
        self.kind.is_some()
    }

    /// Makes them: of the row, and of the secrets that it had.
    ///
    /// # Errors
    /// `validation_error` if there are secrets and nothing to encrypt them with.
    pub fn apply(
        self,
        row: &mut RegisteredProvider,
        mut sealed: ProviderSecrets,
        keyring: Option<&Keyring>,
    ) -> Result<(), PublicError> {
        let mut kept = ProviderSettings::of(row);
        row.kind = self.kind.unwrap_or_else(|| row.kind.clone());
        row.base_url = self.base_url.unwrap_or_else(|| row.base_url.clone());
        kept.query = self.query.unwrap_or(kept.query);
        kept.timeouts = self.timeouts.unwrap_or(kept.timeouts);
        kept.retries = self.retries.unwrap_or(kept.retries);
        kept.discover = self.discover.unwrap_or(kept.discover);
        kept.default_model = self.default_model.unwrap_or(kept.default_model);
        let secret = self.api_key.is_some() || self.headers.is_some();
        sealed.api_key = self.api_key.unwrap_or(sealed.api_key);
        sealed.headers = self.headers.unwrap_or(sealed.headers);
        if secret {
            kept.key_prefix = sealed.api_key.as_deref().map(prefix);
            kept.header_names = sealed.headers.keys().cloned().collect();
            row.sealed_key = sealed.seal(&row.name, keyring)?;
        }
        row.settings = kept.json();
        Ok(())
    }
}

/// The name of a new provider.
pub fn name(fields: &mut Fields, faults: &mut Faults) -> ProviderId {
    let absent = fields.raw("name").is_none_or(|text| text == "null");
    let name = fields.text("name", faults).unwrap_or_default();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if absent {
        faults.add("name", "is required");
    } else if !name.chars().all(fits) || name.len() > LONGEST_NAME {
        faults.add("name", "expected at most 64 letters, digits, `-`, `_` and `.`");
    }
    ProviderId::from(name)
}

fn kind(fields: &mut Fields, faults: &mut Faults) -> Option<String> {
    let kind = fields.text("kind", faults)?;
    if presets::lookup(&kind).is_none() {
        let known: Vec<_> = presets::ALL.iter().map(|preset| preset.name).collect();
        faults.add("kind", format!("`{}` is none of {}", brief(&kind), known.join(", ")));
    }
    Some(kind)
}

fn retries(fields: &mut Fields, faults: &mut Faults) -> Option<Option<u32>> {
    let retries: Option<u32> = fields.take("retries", "a number from 0 to 10", faults)?;
    if retries.is_some_and(|retries| retries > MOST_RETRIES) {
        faults.add("retries", "expected a number from 0 to 10");
    }
    Some(retries)
}

fn timeouts(fields: &mut Fields, faults: &mut Faults) -> Option<BTreeMap<String, u64>> {
    let expected = "an object of connect, first_token, idle, total";
    let given: Option<BTreeMap<String, String>> = fields.take("timeouts", expected, faults)?;
    let mut bounds = BTreeMap::new();
    for (name, text) in given.unwrap_or_default() {
        let field = format!("timeouts.{}", brief(&name));
        let millis = humantime::parse_duration(&text).ok().and_then(|bound| u64::try_from(bound.as_millis()).ok());
        match millis.filter(|millis| (1..=LONGEST_BOUND).contains(millis)) {
            _ if !BOUNDS.contains(&name.as_str()) => faults.add(field, format!("is none of {}", BOUNDS.join(", "))),
            Some(millis) => drop(bounds.insert(name, millis)),
            None => faults.add(field, format!("expected a time such as 30s, of at most 24h, got `{}`", brief(&text))),
        }
    }
    Some(bounds)
}

/// The first characters of a key: a quarter of it at most.
fn prefix(key: &str) -> String {
    key.chars().take((key.chars().count() / 4).min(6)).collect()
}
