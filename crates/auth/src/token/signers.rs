//! The public keys of an issuer, as it publishes them (RFC 7517).

use baton_model::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// The keys as they were fetched.
#[derive(Debug, Clone)]
pub(super) struct Signers {
    keys: Vec<Signer>,
    /// When.
    pub fetched: Timestamp,
}

#[derive(Debug, Clone)]
struct Signer {
    id: Option<String>,
    /// The only algorithm that it is for, if the issuer says so.
    algorithm: Option<Algorithm>,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

impl Signers {
    /// Reads a key set. Keys of kinds that are of no use here are passed over.
    ///
    /// # Errors
    ///
    /// If it is no key set, or holds no key to check signatures with.
    pub fn read(json: &[u8], fetched: Timestamp) -> Result<Self, &'static str> {
        let published: Published = serde_json::from_slice(json).map_err(|_| "it is not a JSON Web Key Set")?;
        // A key of an unknown kind must not make the others unusable: issuers add kinds over time.
        let keys: Vec<Signer> = published.keys.into_iter().filter_map(signer).collect();
        if keys.is_empty() {
            return Err("it contains no public key that can verify signatures");
        }
        Ok(Self { keys, fetched })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// The keys of that id, or all if none is named, that the algorithm can be used with.
    pub fn find_matching(&self, id: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = &DecodingKey> {
        self.keys
            .iter()
            // Ids need not be unique in a key set (RFC 7517), so all of one id are tried.
            .filter(move |signer| id.is_none() || signer.id.as_deref() == id)
            .filter(move |signer| signer.key.family() == algorithm.family())
            .filter(move |signer| signer.algorithm.is_none_or(|only| only == algorithm))
            .map(|signer| &signer.key)
    }
}

fn signer(value: Value) -> Option<Signer> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    // Secrets may be published by mistake, but a secret that is published is none.
    let usable = matches!(
        jwk.algorithm,
        AlgorithmParameters::RSA(_) | AlgorithmParameters::EllipticCurve(_) | AlgorithmParameters::OctetKeyPair(_)
    );
    let signs = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
    if !usable || !signs {
        return None;
    }
    let algorithm = match jwk.common.key_algorithm {
        // A key for an algorithm that is not known here is of no use.
        Some(name) => Some(name.to_string().parse().ok()?),
        None => None,
    };
    Some(Signer { algorithm, key: DecodingKey::from_jwk(&jwk).ok()?, id: jwk.common.key_id })
}
