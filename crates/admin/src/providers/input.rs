//! The fields of a provider as a client gives them.

use crate::wire::changes::{FieldChanges, Ruled};
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::phrases::brief;
use baton_control::providers::{ProviderSecrets, StoredProviderSettings};
use baton_model::bounds::{self, Maximum};
use baton_model::schema::RegisteredSchema;
use baton_model::{ProviderId, PublicError};
use baton_providers::presets;
use baton_seal::Keyring;
use baton_store::RegisteredProvider;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A provider to register, or the fields of one to change; absent fields stay unchanged, null resets a field.
#[derive(Default, Serialize, Deserialize, ToSchema)]
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
    /// The most requests at it at a time, from each node; more are refused. Absent: only `server.max_in_flight` bounds them.
    #[schema(minimum = 1)]
    max_in_flight: Option<u64>,
    /// Whether the models that it lists are registered.
    discover: Option<bool>,
    /// The model for requests that name only this provider.
    default_model: Option<String>,
    /// The vendor whose facts and prices hold for its models; by default that of its address or its kind.
    #[schema(example = "openai")]
    catalogue: Option<String>,
    /// The region that it serves from alone, if the vendor has a surcharge for that; by default as the address says.
    #[schema(example = "eu")]
    region: Option<String>,
}

impl RegisteredSchema for ProviderBody {}

/// The longest bound of a call, in milliseconds: 24 hours.
const LONGEST_BOUND: u64 = 24 * 3600 * 1000;

/// The fields that are sealed.
const SECRET: [&str; 3] = ["api_key", "headers", "query"];
const BOUNDS: [&str; 4] = ["connect", "first_token", "idle", "total"];
const LONGEST_NAME: usize = 64;
const MOST_RETRIES: u32 = 10;

/// Reads the fields of a provider but its name. Null forgets, which is not the same as saying nothing.
pub fn read(fields: &mut JsonFields, faults: &mut Faults) -> FieldChanges<ProviderBody> {
    let blank = ProviderBody::default();
    FieldChanges::read(fields, &blank, &["name"], faults, |name, fields, faults| match name {
        "kind" => Ruled::read(fields.text("kind", faults).and_then(|kind| check_kind(kind, faults))),
        "headers" => Ruled::read(
            fields
                .take("headers", "an object of texts, or null", faults)
                .map(|headers| check_headers(headers.unwrap_or_default(), faults)),
        ),
        "timeouts" => Ruled::read(
            fields
                .take("timeouts", "an object of times, or null", faults)
                .map(|timeouts| read_timeouts(timeouts.unwrap_or_default(), faults)),
        ),
        "retries" => Ruled::read(
            fields
                .take("retries", "a number from 0 to 10, or null", faults)
                .map(|retries| check_retries(retries, faults)),
        ),
        "max_in_flight" => Ruled::read(
            fields
                .take("max_in_flight", "a positive integer, or null", faults)
                .map(|most| check_max_in_flight(most, faults)),
        ),
        _ => Ruled::BySchema,
    })
}

/// Makes the changes: of the row, and of the secrets that it had.
///
/// # Errors
/// `validation_error` if there are secrets and nothing to encrypt them with.
pub fn apply(
    changes: &FieldChanges<ProviderBody>,
    row: &mut RegisteredProvider,
    mut sealed: ProviderSecrets,
    keyring: Option<&Keyring>,
) -> Result<(), PublicError> {
    let mut kept = StoredProviderSettings::read_row(row);
    // What an older version has kept in clear is sealed on this occasion.
    let secret = SECRET.iter().any(|field| changes.says(field)) || (kept.query.is_some() && keyring.is_some());
    row.kind = changes.get("kind").unwrap_or_else(|| row.kind.clone());
    row.base_url = changes.get("base_url").unwrap_or_else(|| row.base_url.clone());
    changes.apply(&mut kept);
    if secret {
        changes.apply(&mut sealed);
        sealed.query = sealed.query.filter(|query| !query.is_empty());
        // Takes the query, which is secret, out of what is kept in clear.
        kept.note_secrets(&sealed);
        row.sealed_key = sealed.seal(&row.name, keyring)?;
    }
    row.settings = kept.json();
    Ok(())
}

/// The name of a new provider.
pub fn read_new_name(fields: &mut JsonFields, faults: &mut Faults) -> ProviderId {
    let name = fields.text("name", faults).unwrap_or_default();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if !name.chars().all(fits) || name.len() > LONGEST_NAME {
        faults.add("name", "must have at most 64 letters, digits, `-`, `_` and `.`");
    }
    ProviderId::from(name)
}

fn check_kind(kind: String, faults: &mut Faults) -> Option<String> {
    if presets::lookup(&kind).is_none() {
        let known: Vec<_> = presets::ALL.iter().map(|preset| preset.name).collect();
        faults.add("kind", format!("`{}` is not one of {}", brief(&kind), known.join(", ")));
        return None;
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

fn check_max_in_flight(most: Option<u64>, faults: &mut Faults) -> Option<u64> {
    // Zero would let no request through.
    if most == Some(0) {
        faults.add("max_in_flight", "must be a positive integer");
    }
    most
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
