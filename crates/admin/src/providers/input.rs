//! The fields of a provider as a client gives them.

use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::phrases::brief;
use baton_control::providers::{ProviderSecrets, StoredProviderSettings};
use baton_model::bounds::{self, Maximum};
use baton_model::schema::field_names;
use baton_model::{ProviderId, PublicError};
use baton_providers::presets;
use baton_seal::Keyring;
use baton_store::RegisteredProvider;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A provider to register, or the fields of one to change; absent fields stay unchanged, null resets a field.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct ProviderBody {
    /// Its name: letters, digits, `-`, `_` and `.`; can't be changed.
    #[schema(example = "groq")]
    name: Option<String>,
    /// `openai`, `anthropic` or `ollama`, or a preset: `groq`, `together`, `azure`, `vllm` and others.
    #[schema(example = "groq")]
    kind: Option<String>,
    /// Its address; by default the preset's.
    base_url: Option<String>,
    /// Its key. Stored encrypted, and never shown again.
    api_key: Option<String>,
    /// Headers that are sent with every request. Stored encrypted like the key; replaced as a whole.
    headers: Option<BTreeMap<String, String>>,
    /// Query parameters that are sent with every request (`api-version=…`). Stored encrypted like the key; its
    /// parameters' names are shown.
    query: Option<String>,
    /// Timeouts: `connect`, `first_token`, `idle`, `total`, each such as `30s`.
    #[schema(example = json!({ "first_token": "30s" }))]
    timeouts: Option<BTreeMap<String, String>>,
    /// How often the same model is tried again after a temporary error.
    retries: Option<u32>,
    /// Whether the models that it lists are registered.
    discover: Option<bool>,
    /// The model for requests that name only this provider.
    default_model: Option<String>,
}

/// What is said of a provider: absent fields say nothing; `Some(None)` forgets.
#[derive(Default)]
pub struct ProviderChanges {
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

impl ProviderChanges {
    /// Reads the fields of a provider: its name, and the others; `None` if none of them is given.
    pub fn read(fields: &mut JsonFields, faults: &mut Faults) -> (Option<String>, Option<Self>) {
        let names = field_names::<ProviderBody>().iter().filter(|name| **name != "name");
        // Null forgets, which is not the same as saying nothing.
        let given: Vec<&str> = names.copied().filter(|name| fields.raw(name).is_some()).collect();
        let body: ProviderBody = fields.read_body(faults).unwrap_or_default();
        let is = |name: &str| given.contains(&name);
        let changes = Self {
            kind: check_kind(body.kind, faults),
            base_url: is("base_url").then_some(body.base_url),
            api_key: is("api_key").then_some(body.api_key),
            headers: is("headers").then(|| check_headers(body.headers.unwrap_or_default(), faults)),
            query: is("query").then_some(body.query),
            timeouts: is("timeouts").then(|| read_timeouts(body.timeouts.unwrap_or_default(), faults)),
            retries: is("retries").then(|| check_retries(body.retries, faults)),
            discover: is("discover").then_some(body.discover),
            default_model: is("default_model").then_some(body.default_model),
        };
        (body.name, (!given.is_empty()).then_some(changes))
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
        let mut kept = StoredProviderSettings::read_row(row);
        row.kind = self.kind.unwrap_or_else(|| row.kind.clone());
        row.base_url = self.base_url.unwrap_or_else(|| row.base_url.clone());
        kept.timeouts = self.timeouts.unwrap_or(kept.timeouts);
        kept.retries = self.retries.unwrap_or(kept.retries);
        kept.discover = self.discover.unwrap_or(kept.discover);
        kept.default_model = self.default_model.unwrap_or(kept.default_model);
        let given = self.api_key.is_some() || self.headers.is_some() || self.query.is_some();
        // What an older version has kept in clear is sealed on this occasion.
        let secret = given || (kept.query.is_some() && keyring.is_some());
        sealed.api_key = self.api_key.unwrap_or(sealed.api_key);
        sealed.headers = self.headers.unwrap_or(sealed.headers);
        sealed.query = self.query.unwrap_or(sealed.query).filter(|query| !query.is_empty());
        if secret {
            kept.note_secrets(&sealed);
            row.sealed_key = sealed.seal(&row.name, keyring)?;
        }
        row.settings = kept.json();
        Ok(())
    }
}

/// The name of a new provider.
pub fn read_new_name(name: Option<String>, faults: &mut Faults) -> ProviderId {
    let name = name.unwrap_or_default();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if !name.chars().all(fits) || name.len() > LONGEST_NAME {
        faults.add("name", "must have at most 64 letters, digits, `-`, `_` and `.`");
    }
    ProviderId::from(name)
}

fn check_kind(kind: Option<String>, faults: &mut Faults) -> Option<String> {
    let kind = kind?;
    if presets::lookup(&kind).is_none() {
        let known: Vec<_> = presets::ALL.iter().map(|preset| preset.name).collect();
        faults.add("kind", format!("`{}` is not one of {}", brief(&kind), known.join(", ")));
    }
    Some(kind)
}

fn check_headers(headers: BTreeMap<String, String>, faults: &mut Faults) -> BTreeMap<String, String> {
    let number = Maximum::Entries(bounds::HEADERS).check_length(headers.len());
    let each = |(name, value): (&String, &String)| {
        Maximum::Bytes(bounds::ID).check(name)?;
        // A value is a secret: what is wrong with it is said by its header's name.
        Maximum::Bytes(bounds::HEADER).check(value).map_err(|problem| format!("`{}` {problem}", brief(name)))
    };
    if let Err(problem) = number.and_then(|()| headers.iter().try_for_each(each)) {
        faults.add("headers", problem);
    }
    headers
}

fn check_retries(retries: Option<u32>, faults: &mut Faults) -> Option<u32> {
    if retries.is_some_and(|retries| retries > MOST_RETRIES) {
        faults.add("retries", "must be a number from 0 to 10");
    }
    retries
}

fn read_timeouts(given: BTreeMap<String, String>, faults: &mut Faults) -> BTreeMap<String, u64> {
    let mut bounds = BTreeMap::new();
    for (name, text) in given {
        let field = format!("timeouts.{}", brief(&name));
        let millis = humantime::parse_duration(&text).ok().and_then(|bound| u64::try_from(bound.as_millis()).ok());
        match millis.filter(|millis| (1..=LONGEST_BOUND).contains(millis)) {
            _ if !BOUNDS.contains(&name.as_str()) => faults.add(field, format!("is not one of {}", BOUNDS.join(", "))),
            Some(millis) => drop(bounds.insert(name, millis)),
            None => faults.add(field, format!("must be a time such as 30s, of at most 24h, got `{}`", brief(&text))),
        }
    }
    bounds
}
