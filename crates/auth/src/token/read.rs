//! A token's form, signature and times.

use super::TokenFault;
use super::signers::Signers;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_model::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// The longest token that is looked at.
const LONGEST: usize = 16 << 10;

/// A token taken apart, not yet believed.
pub(super) struct UnverifiedToken<'t> {
    pub algorithm: Algorithm,
    key: Option<String>,
    /// What is signed: header and claims as they came.
    message: &'t str,
    claims: &'t str,
    signature: &'t str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

impl<'t> UnverifiedToken<'t> {
    pub fn read(text: &'t str) -> Result<Self, TokenFault> {
        let malformed = TokenFault::Malformed;
        // Bounded before it is decoded: decoding costs memory, and nobody is authenticated yet.
        if text.len() > LONGEST {
            return Err(malformed("it must have at most 16 KiB"));
        }
        let three = malformed("it must have three parts separated by dots; encrypted tokens are not accepted");
        // What was signed is these very bytes; JSON that is written again would be other ones.
        let Some((message, signature)) = text.rsplit_once('.') else { return Err(three) };
        let Some((header, claims)) = message.split_once('.') else { return Err(three) };
        if claims.contains('.') {
            return Err(three);
        }
        let header: Header = decode(header).ok_or(malformed("its header must be JSON with `alg`"))?;
        // RFC 7515 demands that a token with unknown critical extensions is rejected.
        if header.crit.is_some() {
            return Err(malformed("its header requires unsupported extensions (`crit`)"));
        }
        let algorithm = header.alg.parse().map_err(|_| TokenFault::Algorithm {
            // `none` ends here, as do algorithms nobody has heard of.
            expected: "HS256, RS256, ES256, EdDSA".to_owned(),
        })?;
        Ok(Self { algorithm, key: header.kid, message, claims, signature })
    }

    /// Checks the signature with one key.
    pub fn verify(&self, key: &DecodingKey) -> Result<(), TokenFault> {
        // A key of another family can't have made the signature.
        if self.algorithm.family() != key.family() {
            return Err(TokenFault::Signature);
        }
        // A fault of the library is told like a wrong signature: the difference would help only somebody who forges.
        match crypto::verify(self.signature, self.message.as_bytes(), key, self.algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(TokenFault::Signature),
        }
    }

    /// Checks the signature with the key that the token names; one that names none is tried with all that fit.
    pub fn verify_by(&self, signers: &Signers) -> Result<(), TokenFault> {
        let mut fitting = signers.find_matching(self.key.as_deref(), self.algorithm).peekable();
        if fitting.peek().is_none() {
            return Err(TokenFault::UnknownSigner);
        }
        let good = fitting.any(|key| self.verify(key).is_ok());
        match (good, &self.key) {
            (true, _) => Ok(()),
            (false, Some(_)) => Err(TokenFault::Signature),
            // Without a name, a key that is new would look like a wrong signature.
            (false, None) => Err(TokenFault::UnknownSigner),
        }
    }

    /// The claims: to be called once the signature is good.
    pub fn claims(&self) -> Result<Map<String, Value>, TokenFault> {
        decode(self.claims).ok_or(TokenFault::Malformed("its claims must be a JSON object"))
    }
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// Whether it is neither too early nor too late for a token.
pub(super) fn check_times(claims: &Map<String, Value>, now: Timestamp, leeway: Duration) -> Result<(), TokenFault> {
    let leeway = i64::try_from(leeway.as_micros()).unwrap_or(i64::MAX);
    let at = time(claims, "exp")?
        .ok_or_else(|| TokenFault::Claim { claim: "exp".to_owned(), problem: "is required".to_owned() })?;
    if at.0.saturating_add(leeway) <= now.0 {
        return Err(TokenFault::Expired { at, now });
    }
    match time(claims, "nbf")? {
        Some(from) if from.0.saturating_sub(leeway) > now.0 => Err(TokenFault::Early { from, now }),
        _ => Ok(()),
    }
}

/// A claim that is a time: seconds since 1970, with a fraction or without.
fn time(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<Timestamp>, TokenFault> {
    let Some(value) = claims.get(claim) else { return Ok(None) };
    let micros = match (value.as_i64(), value.as_f64()) {
        (Some(seconds), _) => seconds.saturating_mul(1_000_000),
        // Casts between these saturate.
        (None, Some(seconds)) if seconds.is_finite() => (seconds * 1e6) as i64,
        _ => {
            let problem = "must be a time, in seconds since 1970".to_owned();
            return Err(TokenFault::Claim { claim: claim.to_owned(), problem });
        }
    };
    Ok(Some(Timestamp(micros)))
}

/// Whether a token was made by whom and for whom it should be.
pub(super) fn check_parties(
    claims: &Map<String, Value>,
    issuer: Option<&str>,
    audience: &[String],
) -> Result<(), TokenFault> {
    if let Some(issuer) = issuer
        && claims.get("iss").and_then(Value::as_str) != Some(issuer)
    {
        return Err(TokenFault::Party { claim: "iss", expected: format!("`{issuer}`") });
    }
    let holds = |name: &Value| name.as_str().is_some_and(|name| audience.iter().any(|known| known == name));
    let fits = match claims.get("aud") {
        Some(Value::Array(names)) => names.iter().any(holds),
        Some(name) => holds(name),
        None => false,
    };
    if !audience.is_empty() && !fits {
        return Err(TokenFault::Party { claim: "aud", expected: format!("`{}`", audience.join("` or `")) });
    }
    Ok(())
}
