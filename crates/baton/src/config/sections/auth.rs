//! `[auth]`.

use super::environment::EnvironmentKind;
use baton_auth::FailureLimit;
use baton_auth::token::{Algorithm, ClaimNames, IssuerSettings, SigningKeySource, TokenSettings};
use baton_model::entity::Role;
use baton_providers::SecretValue;
use baton_seal::Keyring;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Bytes of a secret for HS256 in production, by RFC 7518.
const SECRET_BYTES: usize = 32;

/// Who may ask.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSection {
    /// A key with the role admin. Without one, a key is made at the first start and printed once.
    #[schemars(with = "Option<String>")]
    pub admin_key: Option<SecretValue>,
    /// What secrets in the database (keys of providers, secrets of webhooks) are encrypted with: 32 random bytes as base64
    /// or hexadecimal; several with commas between them, the newest first, while they are changed (`baton secrets`).
    #[schemars(with = "Option<String>")]
    pub secret_key: Option<SecretValue>,
    /// JSON Web Tokens as credentials beside keys.
    pub jwt: JwtSection,
    /// How many wrong credentials are looked at from one address.
    pub failures: FailuresSection,
}

/// Wrong credentials from one address (behind `server.trusted_proxies`: the client's; of version 6: its network of 64 bits).
/// Beyond these, requests from there get 429, but for those whose key was right from there before.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FailuresSection {
    /// A second, in the long run; 0: any number.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

impl Default for FailuresSection {
    fn default() -> Self {
        let FailureLimit { per_second, burst } = FailureLimit::default();
        Self { per_second, burst }
    }
}

impl FailuresSection {
    /// The same for the keys.
    pub fn limit(&self) -> FailureLimit {
        FailureLimit { per_second: self.per_second, burst: self.burst }
    }
}

/// JSON Web Tokens: signed with a secret (HS256), or by an issuer whose public keys are fetched.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JwtSection {
    /// The secret of tokens by HS256. In production at least 32 bytes.
    #[schemars(with = "Option<String>")]
    pub secret: Option<SecretValue>,
    /// What `iss` must be. An https:// address without `jwks_url` and `secret` is asked for its keys by OpenID Connect
    /// Discovery.
    pub issuer: Option<String>,
    /// What `aud` must hold one of. Needed with an issuer; an empty list takes tokens for anybody.
    pub audience: Option<Vec<String>>,
    /// Where the issuer's public keys are (a JSON Web Key Set).
    pub jwks_url: Option<String>,
    /// The algorithms that are accepted, beyond which key they need: HS256, RS256, RS384, RS512, PS256, PS384, PS512,
    /// ES256, ES384, EdDSA.
    pub algorithms: Vec<String>,
    /// How far the clocks of issuer and Baton may be apart.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub leeway: Duration,
    /// How often the issuer's keys are fetched. A token with an unknown key has them fetched at once, every 10s at most.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub refresh: Duration,
    /// How long the last keys are used while the issuer can't be reached.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub max_stale: Duration,
    /// Which claims say what.
    pub claims: ClaimsSection,
    /// What words of the role claim mean: `{ "platform-team" = "operator" }`. Absent: the roles' own names. With entries,
    /// only they count.
    pub roles: BTreeMap<String, String>,
    /// The role of tokens without that claim.
    pub default_role: String,
}

/// The names of claims; a path (`realm_access.roles`) leads into objects.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimsSection {
    /// The role: `admin`, `operator`, `viewer` or `caller`, or a list of which the highest counts.
    pub role: String,
    /// The project that requests are booked on.
    pub project: String,
    /// The user that requests are booked on.
    pub user: String,
    /// The models that may be used; without it all.
    pub models: String,
    /// The id of an API key: requests are booked on it, and the token can do no more than it.
    pub key: String,
}

impl Default for JwtSection {
    fn default() -> Self {
        let (tokens, issuer) = (TokenSettings::default(), IssuerSettings::default());
        Self {
            secret: None,
            issuer: None,
            audience: None,
            jwks_url: None,
            algorithms: tokens.algorithms.iter().map(|algorithm| format!("{algorithm:?}")).collect(),
            leeway: tokens.leeway,
            refresh: issuer.refresh,
            max_stale: issuer.max_stale,
            claims: ClaimsSection::default(),
            roles: BTreeMap::new(),
            default_role: tokens.claims.default_role.name().to_owned(),
        }
    }
}

impl Default for ClaimsSection {
    fn default() -> Self {
        let ClaimNames { role, project, user, models, key, .. } = ClaimNames::default();
        Self { role, project, user, models, key }
    }
}

impl AuthSection {
    /// The keys that secrets in the database are encrypted with.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn keyring(&self) -> Result<Option<Keyring>, String> {
        let list = self.secret_key.as_ref();
        list.map(|list| Keyring::parse(list.reveal())).transpose().map_err(|fault| fault.to_string())
    }

    /// What is wrong beyond types: the key below `auth`, and the problem.
    pub fn faults(&self, environment: EnvironmentKind) -> Vec<(String, String)> {
        let mut faults = self.jwt.faults(environment);
        if let Err(problem) = self.keyring() {
            faults.push(("secret_key".to_owned(), format!("(BATON_SECRET_KEY) {problem}")));
        }
        faults
    }
}

impl JwtSection {
    /// Whether tokens are taken at all.
    pub fn is_on(&self) -> bool {
        self.secret.is_some() || self.source().is_some()
    }

    /// Where the issuer's keys are.
    pub fn source(&self) -> Option<SigningKeySource> {
        match (&self.jwks_url, &self.issuer, &self.secret) {
            (Some(url), ..) => Some(SigningKeySource::Keys(url.clone())),
            // With a secret, `issuer` is only what the claim `iss` must say: nobody is asked at that address.
            (None, Some(issuer), None) if is_address(issuer) => Some(SigningKeySource::Discovery(issuer.clone())),
            _ => None,
        }
    }

    /// How the issuer's keys are kept.
    pub fn issuer_settings(&self) -> IssuerSettings {
        IssuerSettings { refresh: self.refresh, max_stale: self.max_stale, ..IssuerSettings::default() }
    }

    /// Which tokens are taken.
    pub fn settings(&self) -> TokenSettings {
        TokenSettings {
            secret: self.secret.as_ref().map(|secret| baton_auth::KeySecret::from_text(secret.reveal())),
            // `faults` has refused what is none.
            algorithms: self.algorithms.iter().filter_map(|name| name.parse().ok()).collect(),
            issuer: self.issuer.clone(),
            audience: self.audience.clone().unwrap_or_default(),
            leeway: self.leeway,
            claims: self.claim_names(),
        }
    }

    /// Which claims say what.
    pub fn claim_names(&self) -> ClaimNames {
        let ClaimsSection { role, project, user, models, key } = self.claims.clone();
        let roles = self.roles.iter().filter_map(|(word, role)| Some((word.clone(), Role::lookup(role)?)));
        let default_role = Role::lookup(&self.default_role).unwrap_or(Role::Caller);
        ClaimNames { role, project, user, models, key, roles: roles.collect(), default_role }
    }

    fn faults(&self, environment: EnvironmentKind) -> Vec<(String, String)> {
        let mut faults = Vec::new();
        let mut fault = |key: &str, problem: String| faults.push((format!("jwt.{key}"), problem));
        let short = self.secret.as_ref().is_some_and(|secret| secret.reveal().len() < SECRET_BYTES);
        if short && environment == EnvironmentKind::Production {
            fault("secret", "(JWT_SECRET) is shorter than 32 bytes, which production needs at least".to_owned());
        }
        for (key, address) in [("jwks_url", &self.jwks_url), ("issuer", &self.issuer)] {
            let asked = key == "jwks_url" || (self.jwks_url.is_none() && self.secret.is_none());
            if let Some(address) = address.as_ref().filter(|address| asked && !is_address(address)) {
                fault(key, format!("expected an address that begins with https://, got `{address}`"));
            }
        }
        if self.source().is_some() && self.audience.is_none() {
            let problem = "is needed with an issuer: without it, tokens that were made for other services would be \
                           accepted here; if that is meant, say so with an empty list";
            fault("audience", problem.to_owned());
        }
        for (index, name) in self.algorithms.iter().enumerate().filter(|(_, name)| name.parse::<Algorithm>().is_err()) {
            fault(
                &format!("algorithms[{index}]"),
                format!("`{name}` is not one of HS256, RS256, ES256, EdDSA and their like"),
            );
        }
        let known = Role::ALL.map(Role::name).join(", ");
        for (word, role) in self.roles.iter().filter(|(_, role)| Role::lookup(role).is_none()) {
            fault(&format!("roles.{word}"), format!("`{role}` is not one of {known}"));
        }
        if Role::lookup(&self.default_role).is_none() {
            fault("default_role", format!("`{}` is not one of {known}", self.default_role));
        }
        faults
    }
}

fn is_address(text: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
}
