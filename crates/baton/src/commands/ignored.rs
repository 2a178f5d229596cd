//! Variables that are set and have no effect.

use crate::config::{Config, Environment};

/// The variables that register a provider: its name, the variable of its address, and that of its key.
const PROVIDERS: [(&str, &str, Option<&str>); 3] = [
    ("openai", "OPENAI_BASE_URL", Some("OPENAI_API_KEY")),
    ("anthropic", "ANTHROPIC_BASE_URL", Some("ANTHROPIC_API_KEY")),
    ("ollama", "OLLAMA_URL", None),
];

/// A sentence for each address in the environment that is not used.
pub fn warnings(config: &Config, environment: &Environment) -> Vec<String> {
    let warning = |(name, variable, key): (&str, &str, Option<&str>)| {
        let address = environment.get(variable)?;
        match config.providers.get(name) {
            // Also where the file takes the address from the variable.
            Some(provider) if provider.base_url.as_deref() == Some(address) => None,
            Some(_) => Some(format!(
                "{variable} is set but not used, because the configuration file defines the provider `{name}`; set base_url there"
            )),
            // Ollama has no key: its address alone registers it.
            None => Some(format!("{variable} is set but not used, because {} is not set", key?)),
        }
    };
    PROVIDERS.into_iter().filter_map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::sections::ProviderSection;

    #[track_caller]
    fn check(provider: Option<ProviderSection>, variables: &[(&'static str, &'static str)], expected: &[&str]) {
        let mut config = Config::default();
        config.providers.extend(provider.map(|provider| ("openai".to_owned(), provider)));
        assert_eq!(warnings(&config, &Environment::of(variables.iter().copied())), expected);
    }

    #[test]
    fn an_address_without_effect_is_named() {
        const URL: (&str, &str) = ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1");
        let section = |url: Option<&str>| {
            Some(ProviderSection { base_url: url.map(str::to_owned), ..ProviderSection::of_kind("openai") })
        };
        check(None, &[], &[]);
        check(None, &[URL], &["OPENAI_BASE_URL is set but not used, because OPENAI_API_KEY is not set"]);
        check(section(Some(URL.1)), &[URL], &[]);
        let expected = "OPENAI_BASE_URL is set but not used, because the configuration file defines the provider \
                        `openai`; set base_url there";
        check(section(None), &[URL], &[expected]);
        check(section(Some("http://127.0.0.1:2")), &[URL], &[expected]);
    }
}
