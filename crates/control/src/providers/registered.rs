//! A provider as the database keeps it: its settings as JSON, its secrets sealed.

use crate::faults::Faults;
use baton_model::chat::Json;
use baton_model::schema::RegisteredSchema;
use baton_model::{Code, ProviderId, PublicError};
use baton_providers::presets::{CatalogueVendor, catalogue_vendor};
use baton_providers::{ProviderConfig, SecretValue};
use baton_seal::Keyring;
use baton_store::RegisteredProvider;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is no secret of a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredProviderSettings {
    /// The query as a version before this one kept it, in clear: until it is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The names of the parameters that are sent with every request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query_names: Vec<String>,
    /// Bounds on waiting, in milliseconds, by name: `connect`, `first_token`, `idle`, `total`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub timeouts: BTreeMap<String, u64>,
    /// How often the same model is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// The most requests at it at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<u64>,
    /// Whether the models that it lists are registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discover: Option<bool>,
    /// The model for requests that name only this provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_model: Option<String>,
    /// The vendor whose facts and prices hold for its models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<String>,
    /// The region that it serves from alone, which may have a surcharge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The first characters of its key, to tell keys apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_prefix: Option<String>,
    /// The names of the headers that are sent with every request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub header_names: Vec<String>,
}

/// What is sealed of a provider.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderSecrets {
    /// Its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// The headers that are sent with every request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The query that is sent with every request: some vendors take the key there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}

/// The row that a provider's secrets are bound to.
pub fn sealed_row(name: &ProviderId) -> String {
    format!("providers/{name}/secrets")
}

impl RegisteredSchema for StoredProviderSettings {}

impl RegisteredSchema for ProviderSecrets {}

impl StoredProviderSettings {
    /// The settings of a row. What an older program wrote, or somebody by hand, and can't be read, is as absent.
    pub fn read_row(row: &RegisteredProvider) -> Self {
        serde_json::from_str(&row.settings.0).unwrap_or_default()
    }

    /// Notes what may be shown of secrets: how the key begins, the names of headers and parameters.
    pub fn note_secrets(&mut self, secrets: &ProviderSecrets) {
        self.key_prefix = secrets.api_key.as_deref().map(prefix);
        self.header_names = secrets.headers.keys().cloned().collect();
        self.query_names = secrets.query.as_deref().map(parameter_names).unwrap_or_default();
        self.query = None;
    }

    /// As the row keeps them.
    pub fn json(&self) -> Json {
        // Text and numbers always serialise.
        Json(serde_json::to_string(self).unwrap_or_default())
    }
}

impl ProviderSecrets {
    /// What of a row's secrets is not sealed: the query that an older version has written.
    pub fn read_unsealed(row: &RegisteredProvider) -> Self {
        Self { query: StoredProviderSettings::read_row(row).query, ..Self::default() }
    }

    /// The secrets of a row.
    ///
    /// # Errors
    /// Why they can't be opened.
    pub fn open(row: &RegisteredProvider, keyring: Option<&Keyring>) -> Result<Self, String> {
        let in_clear = Self::read_unsealed(row);
        let Some(sealed) = &row.sealed_key else { return Ok(in_clear) };
        let keyring = keyring.ok_or("its key is encrypted, and BATON_SECRET_KEY is not set")?;
        let text = keyring.open_text(&sealed_row(&row.name), sealed).map_err(|error| format!("its key: {error}"))?;
        let sealed: Self =
            serde_json::from_str(&text).map_err(|_| "its key: the encrypted value can't be read".to_owned())?;
        // The encrypted one wins: a row that was sealed by a newer version may still have the clear one of an older.
        Ok(Self { query: sealed.query.clone().or(in_clear.query), ..sealed })
    }

    /// The secrets, encrypted for a row; `None` if there is none.
    ///
    /// # Errors
    /// `validation_error` if there is no key to encrypt it with.
    pub fn seal(&self, name: &ProviderId, keyring: Option<&Keyring>) -> Result<Option<String>, PublicError> {
        let field = match self {
            Self { api_key: Some(_), .. } => "api_key",
            Self { headers, .. } if !headers.is_empty() => "headers",
            Self { query: Some(_), .. } => "query",
            Self { .. } => return Ok(None),
        };
        let problem = "can't be stored, because there is no key to encrypt it with: set BATON_SECRET_KEY (`baton \
            secrets key` makes one), or define the provider in the configuration file";
        let Some(keyring) = keyring else {
            let mut faults = Faults::default();
            faults.add(field, problem);
            faults.check()?;
            // Never reached: the fault above is one.
            return Ok(None);
        };
        let text = serde_json::to_string(self).unwrap_or_default();
        let sealed = keyring.seal(&sealed_row(name), text.as_bytes());
        sealed
            .map(Some)
            .map_err(|error| PublicError::new(Code::Internal, "the secret could not be encrypted").with_cause(error))
    }
}

/// The provider's own description, from a row and its secrets.
pub fn to_config(row: &RegisteredProvider, kept: &StoredProviderSettings, sealed: &ProviderSecrets) -> ProviderConfig {
    let mut config = ProviderConfig::new(row.name.clone(), row.kind.as_str());
    config.base_url.clone_from(&row.base_url);
    config.api_key = sealed.api_key.as_deref().map(SecretValue::from);
    config.headers =
        sealed.headers.iter().map(|(name, value)| (name.clone(), SecretValue::from(value.as_str()))).collect();
    config.query = sealed.query.as_deref().map(SecretValue::from);
    config.settings.retries = kept.retries.unwrap_or(config.settings.retries);
    config.settings.max_in_flight = kept.max_in_flight.or(config.settings.max_in_flight);
    let timeouts = &mut config.settings.timeouts;
    for (name, place) in [
        ("connect", &mut timeouts.connect),
        ("first_token", &mut timeouts.first_token),
        ("idle", &mut timeouts.idle),
        ("total", &mut timeouts.total),
    ] {
        if let Some(millis) = kept.timeouts.get(name) {
            *place = Duration::from_millis(*millis);
        }
    }
    config
}

/// The name under which the catalogue knows a provider's models, if it is the vendor itself and not merely compatible.
pub fn vendor(row: &RegisteredProvider, kept: &StoredProviderSettings) -> Option<CatalogueVendor> {
    catalogue_vendor(kept.catalogue.as_deref(), row.name.as_str(), &row.kind, row.base_url.as_deref())
}

/// The first characters of a key: a quarter of it at most.
fn prefix(key: &str) -> String {
    // A quarter at most, because a key may be short.
    key.chars().take((key.chars().count() / 4).min(6)).collect()
}

/// The names of a query's parameters, as they were written. One that has no value may be a secret itself.
pub fn parameter_names(query: &str) -> Vec<String> {
    let names = query.split('&').filter(|pair| !pair.is_empty());
    names.map(|pair| pair.split_once('=').map_or("…", |(name, _)| name).to_owned()).collect()
}
