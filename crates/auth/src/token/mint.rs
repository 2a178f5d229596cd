//! Tokens of Baton's own, signed with the secret that it checks them with.

use super::ClaimNames;
use crate::KeySecret;
use baton_model::Timestamp;
use baton_model::entity::Role;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Map, Value};
use std::time::Duration;

/// What a new token shall say.
#[derive(Debug, Clone)]
pub struct Mint {
    /// Its user.
    pub user: String,
    /// What it may do.
    pub role: Role,
    /// The project that requests are attributed to.
    pub project: Option<String>,
    /// The models it may use; empty: all.
    pub models: Vec<String>,
    /// How long it is valid.
    pub ttl: Duration,
    /// Who makes it, if that is checked.
    pub issuer: Option<String>,
    /// For whom, if that is checked.
    pub audience: Option<String>,
}

/// Makes a token, valid from `now` on.
///
/// # Errors
///
/// If it can't be signed, or if no word of the configuration stands for the role.
pub fn mint(secret: &KeySecret, names: &ClaimNames, wanted: &Mint, now: Timestamp) -> Result<String, String> {
    // Saturating below, because the lifetime comes from the command line.
    let seconds = now.seconds();
    let end = seconds.saturating_add(i64::try_from(wanted.ttl.as_secs()).unwrap_or(i64::MAX));
    let mut claims = Map::new();
    claims.insert(names.user.clone(), wanted.user.clone().into());
    claims.insert(names.role.clone(), role_word(names, wanted.role)?.into());
    claims.extend(wanted.project.clone().map(|project| (names.project.clone(), project.into())));
    if !wanted.models.is_empty() {
        claims.insert(names.models.clone(), wanted.models.clone().into());
    }
    claims.extend(wanted.issuer.clone().map(|issuer| ("iss".to_owned(), issuer.into())));
    claims.extend(wanted.audience.clone().map(|audience| ("aud".to_owned(), audience.into())));
    for (claim, time) in [("iat", seconds), ("nbf", seconds), ("exp", end)] {
        claims.insert(claim.to_owned(), time.into());
    }
    let key = EncodingKey::from_secret(secret.reveal().as_bytes());
    encode(&Header::new(Algorithm::HS256), &Value::Object(claims), &key).map_err(|error| error.to_string())
}

/// The word of the role claim that means the role.
fn role_word(names: &ClaimNames, role: Role) -> Result<String, String> {
    if names.roles.is_empty() {
        return Ok(role.name().to_owned());
    }
    let word = names.roles.iter().find(|(_, known)| **known == role).map(|(word, _)| word.clone());
    word.ok_or_else(|| format!("auth.jwt.roles has no entry for the role `{}`", role.name()))
}
