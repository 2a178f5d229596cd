//! A provider as the operator describes it, and what is made of that.

use crate::client::ProviderClient;
use crate::presets::{self, KeyRequirement, Preset};
use crate::secret::SecretValue;
use crate::{anthropic, ollama, openai};
use baton_model::{Dialect, ProviderId, Quirks};
use baton_provider_api::transport::BaseUrl;
use baton_provider_api::{Provider, ProviderSettings, Transport};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;

/// A provider as the operator describes it.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// What it is called.
    pub id: ProviderId,
    /// What it is: the name of a [preset](presets::lookup).
    pub kind: String,
    /// Where it is; the preset's address if absent.
    pub base_url: Option<String>,
    /// The key.
    pub api_key: Option<SecretValue>,
    /// Headers sent with every request (`OpenAI-Organization`, those of a proxy): name and value. They win over the
    /// client's.
    pub headers: Vec<(String, SecretValue)>,
    /// A query sent with every request (`api-version=2024-10-21`); the preset's if absent. Some vendors take the key there.
    pub query: Option<SecretValue>,
    /// How it is to be treated.
    pub settings: ProviderSettings,
    /// How its models differ from others of the format, beyond what the preset says.
    pub quirks: Quirks,
}

impl ProviderConfig {
    /// A provider of that kind with what its preset says.
    pub fn new(id: impl Into<ProviderId>, kind: impl Into<String>) -> Self {
        let kind = kind.into();
        Self {
            id: id.into(),
            settings: presets::lookup(&kind).map(Preset::settings).unwrap_or_default(),
            kind,
            base_url: None,
            api_key: None,
            headers: Vec::new(),
            query: None,
            quirks: Quirks::default(),
        }
    }
}

/// A description that makes no provider. Names the field, never a value of it that may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct BuildError {
    /// The field of [`ProviderConfig`].
    pub field: String,
    /// What is wrong with it, and what was expected.
    pub problem: String,
}

impl BuildError {
    fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// Makes a provider of its description. Opens no connection yet.
///
/// # Errors
/// If a field is missing or makes no sense.
pub fn build(config: &ProviderConfig, transport: &Transport) -> Result<Arc<dyn Provider>, BuildError> {
    let preset = presets::lookup(&config.kind).ok_or_else(|| unknown_kind(&config.kind))?;
    // The operator knows the service better than the preset does.
    let quirks = preset.quirks().overlaid_by(&config.quirks);
    let client = ProviderClient {
        id: config.id.clone(),
        transport: transport.connecting_within(config.settings.timeouts.connect),
        base_url: base_url(config, preset)?,
        headers: headers(config, preset)?,
        query: config.query.clone().or_else(|| preset.query.map(SecretValue::from)),
        key: config.api_key.clone(),
        // The engine asks for strictness before the request is written, and knows settings but no quirks.
        settings: ProviderSettings { strict: quirks.strict, ..config.settings.clone() },
        quirks,
    };
    Ok(match preset.dialect {
        Dialect::OpenAi | Dialect::Responses => Arc::new(openai::OpenAi::new(client, preset)),
        Dialect::Anthropic => Arc::new(anthropic::Anthropic::new(client)),
        Dialect::Ollama => Arc::new(ollama::Ollama::new(client)),
    })
}

fn unknown_kind(kind: &str) -> BuildError {
    let names: Vec<_> = presets::ALL.iter().map(|preset| preset.name).collect();
    BuildError::new("kind", format!("`{kind}` is not one of {}", names.join(", ")))
}

fn base_url(config: &ProviderConfig, preset: &Preset) -> Result<BaseUrl, BuildError> {
    let text = config.base_url.as_deref().or(preset.base_url);
    let text = text.ok_or_else(|| BuildError::new("base_url", format!("is required for {}", preset.name)))?;
    // Paths begin with a slash, and `//` is another path.
    let text = text.trim().trim_end_matches('/');
    // The paths of these formats begin with the version; people copy addresses that end with it.
    let text = match preset.dialect {
        Dialect::OpenAi | Dialect::Responses => text,
        Dialect::Anthropic => text.strip_suffix("/v1").unwrap_or(text),
        Dialect::Ollama => text.strip_suffix("/v1").or_else(|| text.strip_suffix("/api")).unwrap_or(text),
    };
    BaseUrl::parse(text).map_err(|problem| BuildError::new("base_url", problem))
}

fn headers(config: &ProviderConfig, preset: &Preset) -> Result<HeaderMap, BuildError> {
    let mut headers = HeaderMap::new();
    match &config.api_key {
        Some(key) => {
            let (name, value) = preset.auth.header(key.reveal());
            headers.insert(name, secret(&value).map_err(|problem| BuildError::new("api_key", problem))?);
        }
        // Who gives an address of his own may well need no key there.
        None if preset.key == KeyRequirement::Required && config.base_url.is_none() => {
            let hint = preset.key_env.map(|name| format!(" (usually in {name})")).unwrap_or_default();
            return Err(BuildError::new("api_key", format!("is required for {}{hint}", preset.name)));
        }
        None => {}
    }
    for (name, value) in &config.headers {
        let field = format!("headers.{name}");
        let parsed = HeaderName::try_from(name.as_str());
        let parsed = parsed.map_err(|_| BuildError::new(&field, "must be the name of an HTTP header"))?;
        let value = secret(value.reveal()).map_err(|problem| BuildError::new(&field, problem))?;
        headers.insert(parsed, value);
    }
    Ok(headers)
}

fn secret(text: &str) -> Result<HeaderValue, &'static str> {
    let mut value = HeaderValue::from_str(text).map_err(|_| "must not contain characters that no header can carry")?;
    // Kept out of debug output, and out of the compression tables of HTTP/2.
    value.set_sensitive(true);
    if text.is_empty() { Err("is empty") } else { Ok(value) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut ProviderConfig), kind: &str, expected: &str) {
        let mut config = ProviderConfig::new("p", kind);
        change(&mut config);
        let error = build(&config, &Transport::default()).err().unwrap().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn what_makes_no_provider_is_named() {
        check(|_| {}, "opanai", "kind: `opanai` is not one of openai, ");
        check(|_| {}, "openai", "api_key: is required for openai (usually in OPENAI_API_KEY)");
        check(|_| {}, "azure", "base_url: is required for azure");
        check(|config| config.base_url = Some("localhost:1".into()), "vllm", "base_url: must be http:// or https://");
        check(|config| config.base_url = Some("https://a:hunter2@h".into()), "vllm", "base_url: must not contain");
        check(
            |config| config.api_key = Some(SecretValue::new("hunter2\nx")),
            "openai",
            "api_key: must not contain characters",
        );
        check(|config| config.api_key = Some(SecretValue::new(" ")), "openai", "api_key: ");
        check(
            |config| config.headers = vec![("a b".into(), SecretValue::new("hunter2"))],
            "ollama",
            "headers.a b: must be",
        );
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut config = ProviderConfig::new("p", "openai");
        config.api_key = Some(SecretValue::new("hunter2"));
        config.headers = vec![("x".into(), SecretValue::new("hunter2"))];
        config.query = Some(SecretValue::new("key=hunter2"));
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(build(&config, &Transport::default()).is_ok());
    }
}
