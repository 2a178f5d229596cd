//! The environment, read once at start.

use super::sections::{Config, ProviderSection};
use std::collections::BTreeMap;

/// Environment variables, those of a `.env` file in the working directory included.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

/// Variables that stand for one key of the configuration.
const KEYS: [(&str, &str); 20] = [
    ("BATON_LISTEN", "server.listen"),
    ("BATON_DATA_DIR", "data_dir"),
    ("BATON_LOG_DIR", "logs.dir"),
    ("BATON_LOG_LEVEL", "logs.level"),
    ("BATON_LOG_CONSOLE", "logs.console"),
    ("BATON_DRAIN_DELAY", "server.drain_delay"),
    ("BATON_SHUTDOWN_GRACE", "server.shutdown_grace"),
    ("BATON_ADMIN_KEY", "auth.admin_key"),
    ("BATON_SECRET_KEY", "auth.secret_key"),
    ("JWT_SECRET", "auth.jwt.secret"),
    ("BATON_DEFAULT_MODEL", "default_model"),
    ("BATON_CACHE", "cache.default"),
    ("DATABASE_URL", "database.url"),
    ("REDIS_URL", "redis.url"),
    ("NATS_URL", "nats.url"),
    ("ENVIRONMENT", "environment"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.endpoint"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "telemetry.protocol"),
    ("OTEL_SERVICE_NAME", "telemetry.service_name"),
    ("OTEL_TRACES_SAMPLER_ARG", "telemetry.sample"),
];

/// Those that Baton reads besides, and what for.
const OTHERS: [(&str, &str); 9] = [
    ("ANTHROPIC_API_KEY", "Registers the provider `anthropic`, unless the file defines a provider of that name."),
    ("ANTHROPIC_BASE_URL", "The address of that provider."),
    ("BATON_API_KEY", "The API key that `baton`'s commands use; default: `BATON_ADMIN_KEY`."),
    ("BATON_CONFIG", "The configuration file."),
    ("BATON_DEMO_KEY", "The admin key of `baton demo`; default: a new key at each start."),
    ("BATON_URL", "The address of the running Baton that `baton`'s commands use."),
    ("OLLAMA_URL", "Registers the provider `ollama` at that address, unless the file defines a provider of that name."),
    ("OPENAI_API_KEY", "Registers the provider `openai`, unless the file defines a provider of that name."),
    ("OPENAI_BASE_URL", "The address of that provider."),
];

impl Environment {
    /// The names of all variables that mean something to Baton.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KEYS.into_iter().chain(OTHERS).map(|(name, _)| name)
    }

    /// The variables that stand for a key of the configuration, with that key.
    pub fn keys() -> impl Iterator<Item = (&'static str, &'static str)> {
        KEYS.into_iter()
    }

    /// The other variables, with what they are for.
    pub fn other_variables() -> impl Iterator<Item = (&'static str, &'static str)> {
        OTHERS.into_iter()
    }

    /// The process's environment; what a `.env` file says comes after it.
    pub fn of_process() -> Self {
        let mut variables: BTreeMap<String, String> =
            // Read into this map and not put into the process's environment, which must not be changed while threads
            // run.
            dotenvy::dotenv_iter().into_iter().flatten().filter_map(Result::ok).collect();
        // One that is no text can be none of ours.
        variables.extend(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
        Self(variables)
    }

    /// These variables and no others.
    pub fn of(variables: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// A variable that is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The variables that stand for keys of the configuration: name, key and value.
    pub fn overrides(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        KEYS.into_iter().filter_map(|(variable, key)| Some((variable, key, self.get(variable)?)))
    }

    /// `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` and `OLLAMA_URL` register a provider each, unless the file has one of that
    /// name.
    pub fn register_providers(&self, config: &mut Config) {
        for (name, key, address) in [
            ("openai", Some("OPENAI_API_KEY"), "OPENAI_BASE_URL"),
            ("anthropic", Some("ANTHROPIC_API_KEY"), "ANTHROPIC_BASE_URL"),
            ("ollama", None, "OLLAMA_URL"),
        ] {
            let api_key = key.and_then(|key| self.get(key));
            let base_url = self.get(address);
            let wanted = if key.is_some() { api_key.is_some() } else { base_url.is_some() };
            if wanted && !config.providers.contains_key(name) {
                config.providers.insert(
                    name.to_owned(),
                    ProviderSection {
                        api_key: api_key.map(Into::into),
                        base_url: base_url.map(str::to_owned),
                        ..ProviderSection::of_kind(name)
                    },
                );
            }
        }
    }
}
