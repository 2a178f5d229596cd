//! `[server.cors]`: web pages that may call the client APIs.

use super::EnvironmentKind;
use baton_http::CorsOrigins;
use http::{HeaderValue, Uri};
use schemars::JsonSchema;
use serde::Deserialize;

/// Web pages that may call the client APIs of OpenAI, Anthropic and Ollama: in development those of this machine, in
/// production none. Management and Baton's own API can't be called by pages of other origins.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CorsSection {
    /// Their origins (`["https://app.example.com"]`), or `["*"]` for every page. By default `http://localhost`,
    /// `http://127.0.0.1` and `http://[::1]` with any port in development, and none in production. Pages need a key too.
    pub origins: Option<Vec<String>>,
}

impl CorsSection {
    /// The origins in force.
    pub fn origins(&self, environment: EnvironmentKind) -> CorsOrigins {
        match (&self.origins, environment) {
            (None, EnvironmentKind::Development) => CorsOrigins::Loopback,
            (None, EnvironmentKind::Production) => CorsOrigins::None,
            (Some(origins), _) if origins.is_empty() => CorsOrigins::None,
            (Some(origins), _) if origins.iter().any(|origin| origin == "*") => CorsOrigins::Any,
            (Some(origins), _) => {
                // As browsers send them. What is wrong was refused before.
                let written = origins.iter().map(|origin| HeaderValue::try_from(origin.to_ascii_lowercase()));
                CorsOrigins::Listed(written.filter_map(Result::ok).collect())
            }
        }
    }

    /// What is wrong with it: the key, and what was expected.
    pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
        let origins = self.origins.iter().flatten();
        let wrong = origins.filter(|origin| *origin != "*" && !is_origin(origin));
        wrong
            .map(|origin| {
                ("origins", format!("must be `*` or origins such as https://app.example.com, got `{origin}`"))
            })
            .collect()
    }
}

/// A scheme and an authority, and nothing behind it: browsers compare the whole text.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let plain = !authority.is_empty() && !authority.contains(['/', '?', '#', '@', '*']);
    // Pages of applications (`tauri://localhost`) have schemes of their own.
    let named = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    plain && named && text.parse::<Uri>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(origins: &[&str]) -> CorsSection {
        CorsSection { origins: Some(origins.iter().map(ToString::to_string).collect()) }
    }

    #[test]
    fn origins_are_checked_and_have_a_default_in_development_alone() {
        use EnvironmentKind::{Development, Production};
        assert_eq!(CorsSection::default().origins(Development), CorsOrigins::Loopback);
        assert_eq!(CorsSection::default().origins(Production), CorsOrigins::None);
        assert_eq!(section(&[]).origins(Development), CorsOrigins::None);
        assert_eq!(section(&["*"]).origins(Production), CorsOrigins::Any);
        let listed = section(&["https://App.example.com"]);
        assert_eq!(
            listed.origins(Production),
            CorsOrigins::Listed(vec![HeaderValue::from_static("https://app.example.com")])
        );
        for good in ["*", "https://app.example.com", "http://10.0.0.1:8080", "http://[::1]:3000", "tauri://localhost"] {
            assert_eq!(section(&[good]).faults(), [], "{good}");
        }
        for wrong in ["", "app.example.com", "https://", "https://app.example.com/", "https://*.example.com", "null"] {
            assert_eq!(section(&[wrong]).faults().len(), 1, "{wrong}");
        }
    }
}
