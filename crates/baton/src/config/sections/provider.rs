//! `[providers.NAME]`.

use baton_model::{ProviderId, Quirks};
use baton_provider_api::{OnDisconnect, ProviderSettings, Timeouts};
use baton_providers::presets::{CatalogueVendor, catalogue_vendor};
use baton_providers::{ProviderConfig, SecretValue};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// A provider.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderSection {
    /// `openai`, `anthropic` or `ollama`, or a preset: `openrouter`, `groq`, `together`, `fireworks`, `deepseek`, `xai`,
    /// `mistral`, `azure`, `gemini`, `vllm`, `sglang`, `llama.cpp`, `lmstudio`, `localai` and others.
    pub kind: String,
    /// Its address; by default the preset's.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Its key.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub api_key: Option<SecretValue>,
    /// Headers that are sent with every request.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub headers: BTreeMap<String, SecretValue>,
    /// Query parameters that are sent with every request (`api-version=…`).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub query: Option<SecretValue>,
    /// Timeouts.
    #[serde(default)]
    pub timeouts: TimeoutsSection,
    /// How often the same model is tried again after a temporary error.
    #[serde(default)]
    pub retries: Option<u32>,
    /// The most calls to it at once from one node; more go to the fallbacks, or are refused with `overloaded`. Absent:
    /// only `server.max_in_flight` limits them.
    #[serde(default)]
    #[schemars(extend("x-limit" = true))]
    pub max_in_flight: Option<u64>,
    /// What happens to the call when the client disconnects: `"cancel"`, or `{ drain = { time = "30s", bytes = 1000000
    /// } }`.
    #[serde(default)]
    pub on_disconnect: Option<DisconnectSection>,
    /// Whether the models that it lists are registered.
    #[serde(default)]
    pub discover: Option<bool>,
    /// The model for requests that name only this provider.
    #[serde(default)]
    pub default_model: Option<String>,
    /// The vendor whose facts and prices hold for its models: `openai`, `anthropic`, `groq` and others. By default that
    /// of the preset, if the address is the preset's or the provider has the preset's name, or of the vendor whose address
    /// it has.
    #[serde(default)]
    pub catalogue: Option<String>,
    /// The region that it serves from alone, if the vendor has a surcharge for that: `eu`. By default as the address says.
    #[serde(default)]
    pub region: Option<String>,
    /// How it differs from its format; by default the preset's.
    #[serde(default)]
    pub quirks: Quirks,
}

/// Timeouts of calls to a provider; by default the preset's.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TimeoutsSection {
    /// Until the connection is established.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "Option<String>", extend("x-limit" = true))]
    pub connect: Option<Duration>,
    /// Until the head of the reply.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "Option<String>", extend("x-limit" = true))]
    pub first_token: Option<Duration>,
    /// Between two pieces of the reply.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "Option<String>", extend("x-limit" = true))]
    pub idle: Option<Duration>,
    /// For the whole call.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "Option<String>", extend("x-limit" = true))]
    pub total: Option<Duration>,
}

/// What becomes of a call whose client has left.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum DisconnectSection {
    /// It is cancelled at once.
    Cancel,
    /// It is read to its end, for its exact usage.
    Drain {
        /// The most time.
        #[serde(with = "crate::config::duration")]
        #[schemars(with = "String")]
        time: Duration,
        /// The most bytes.
        bytes: usize,
    },
}

impl ProviderSection {
    /// A provider of that kind, with everything as usual.
    pub fn of_kind(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            base_url: None,
            api_key: None,
            headers: BTreeMap::new(),
            query: None,
            timeouts: TimeoutsSection::default(),
            retries: None,
            max_in_flight: None,
            on_disconnect: None,
            discover: None,
            default_model: None,
            catalogue: None,
            region: None,
            quirks: Quirks::default(),
        }
    }

    /// As the provider's own description.
    pub fn describe(&self, name: &str) -> ProviderConfig {
        let mut description = ProviderConfig::new(ProviderId::from(name), self.kind.as_str());
        description.base_url.clone_from(&self.base_url);
        description.api_key.clone_from(&self.api_key);
        description.headers = self.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        description.query.clone_from(&self.query);
        description.settings = self.settings(&description.settings);
        description.quirks = self.quirks.clone();
        description
    }

    fn settings(&self, usual: &ProviderSettings) -> ProviderSettings {
        let TimeoutsSection { connect, first_token, idle, total } = self.timeouts;
        let timeouts = Timeouts {
            connect: connect.unwrap_or(usual.timeouts.connect),
            first_token: first_token.unwrap_or(usual.timeouts.first_token),
            idle: idle.unwrap_or(usual.timeouts.idle),
            total: total.unwrap_or(usual.timeouts.total),
        };
        let on_disconnect = match self.on_disconnect {
            None => usual.on_disconnect,
            Some(DisconnectSection::Cancel) => OnDisconnect::Cancel,
            Some(DisconnectSection::Drain { time, bytes }) => OnDisconnect::Drain { time, bytes },
        };
        let retries = self.retries.unwrap_or(usual.retries);
        ProviderSettings { timeouts, on_disconnect, retries, max_in_flight: self.max_in_flight, ..usual.clone() }
    }

    /// The vendor in the catalogue, if it is the vendor itself and not merely compatible, and the region that it serves
    /// from alone.
    pub fn vendor(&self, name: &str) -> Option<CatalogueVendor> {
        let vendor = catalogue_vendor(self.catalogue.as_deref(), name, &self.kind, self.base_url.as_deref())?;
        Some(CatalogueVendor { region: self.region.clone().or(vendor.region), ..vendor })
    }
}
