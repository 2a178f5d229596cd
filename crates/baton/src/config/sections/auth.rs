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

/// Credentials.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuthSection {
    /// A key with the role admin. Absent: a key is created at the first start and printed once.
    #[schemars(with = "Option<String>")]
    pub admin_key: Option<SecretValue>,
    /// The key that encrypts secrets in the database (provider keys, webhook secrets): 32 random bytes as base64 or
    /// hexadecimal; during a change several keys separated by commas, the newest first (`baton secrets`).
    #[schemars(with = "Option<String>")]
    pub secret_key: Option<SecretValue>,
    /// JSON Web Tokens as credentials beside keys.
    pub jwt: JwtSection,
    /// The limit for wrong credentials from one address.
    pub failures: FailuresSection,
}

/// The limit for wrong credentials from one address (behind `server.trusted_proxies`: the client's address; for IPv6:
/// its /64 network). Above it, requests from that address get 429, unless their key has been used successfully from
/// there before.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FailuresSection {
    /// Per second, in the long run; 0: no limit.
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
    /// The secret for HS256 tokens. In production at least 32 bytes.
    #[schemars(with = "Option<String>")]
    pub secret: Option<SecretValue>,
    /// The required value of `iss`. If it is an https:// address and neither `jwks_url` nor `secret` is set, its keys
    /// are found by OpenID Connect Discovery.
    pub issuer: Option<String>,
    /// The accepted values of `aud`. Required with an issuer; an empty list accepts tokens for any audience.
    pub audience: Option<Vec<String>>,
    /// The URL of the issuer's public keys (a JSON Web Key Set).
    pub jwks_url: Option<String>,
    /// The accepted algorithms, any of: HS256, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA.
    pub algorithms: Vec<String>,
    /// How far the clocks of the issuer and Baton may differ.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub leeway: Duration,
    /// How often the issuer's keys are fetched. A token with an unknown key triggers a fetch, at most every 10s.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub refresh: Duration,
    /// How long the last fetched keys are used while the issuer can't be reached.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub max_stale: Duration,
    /// The names of claims.
    pub claims: ClaimsSection,
    /// The roles that values of the role claim stand for: `{ "platform-team" = "operator" }`. Absent: the names of the
    /// roles. With entries, no other values are accepted.
    pub roles: BTreeMap<String, String>,
    /// The role of tokens without that claim.
    pub default_role: String,
}

/// The names of claims; a path (`realm_access.roles`) selects a member of an object.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimsSection {
    /// The role: `admin`, `operator`, `viewer` or `caller`, or a list, of which the highest role is used.
    pub role: String,
    /// The project that requests are attributed to.
    pub project: String,
    /// The user that requests are attributed to.
    pub user: String,
    /// The models that the token may use; absent: all.
    pub models: String,
    /// The id of an API key: requests are attributed to it, and the token has at most its permissions.
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

    /// The names of claims.
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
            fault("secret", "must have at least 32 bytes in production".to_owned());
        }
        for (key, address) in [("jwks_url", &self.jwks_url), ("issuer", &self.issuer)] {
            let asked = key == "jwks_url" || (self.jwks_url.is_none() && self.secret.is_none());
            if let Some(address) = address.as_ref().filter(|address| asked && !is_address(address)) {
                fault(key, format!("must be an address that begins with https://, got `{address}`"));
            }
        }
        if self.source().is_some() && self.audience.is_none() {
            let problem = "is required with an issuer, because tokens for other services would be accepted otherwise; set an empty list to accept them";
            fault("audience", problem.to_owned());
        }
        for (index, name) in self.algorithms.iter().enumerate().filter(|(_, name)| name.parse::<Algorithm>().is_err()) {
            fault(
                &format!("algorithms[{index}]"),
                format!("`{name}` is not one of HS256, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA"),
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
