//! JSON Web Tokens as credentials: signed with a secret that both sides hold, or by an issuer whose public keys are
//! fetched.
//!
//! - [`read`]: a token's form, signature and times;
//! - [`claims`]: what its claims make of the caller;
//! - [`signers`]: the public keys of an issuer;
//! - [`issuer`]: how they are fetched, kept and renewed;
//! - [`mint()`]: tokens of Baton's own.
//!
//! Which algorithms a key may be used with is decided by the key, never by the token; `none` is no algorithm.

pub mod claims;
mod fault;
pub mod issuer;
pub mod mint;
mod read;
mod signers;

pub use claims::{ClaimNames, Claims};
pub use fault::TokenFault;
pub use issuer::{Issuer, IssuerSettings, SigningKeySource};
pub use mint::{Mint, mint};

use crate::KeySecret;
use baton_model::Clock;
pub use jsonwebtoken::Algorithm;
use jsonwebtoken::DecodingKey;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Which tokens are taken.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    /// The secret of tokens by HS256.
    pub secret: Option<KeySecret>,
    /// The algorithms that are taken, beyond which key they need.
    pub algorithms: Vec<Algorithm>,
    /// What `iss` must be; `None`: anything.
    pub issuer: Option<String>,
    /// What `aud` must hold one of; empty: anything.
    pub audience: Vec<String>,
    /// How far the clocks of the issuer and Baton may differ.
    pub leeway: Duration,
    /// The names of claims.
    pub claims: ClaimNames,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            secret: None,
            algorithms: vec![Algorithm::HS256, Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA],
            issuer: None,
            audience: Vec::new(),
            leeway: Duration::from_secs(60),
            claims: ClaimNames::default(),
        }
    }
}

/// The tokens of the service.
pub struct TokenVerifier {
    settings: TokenSettings,
    secret: Option<DecodingKey>,
    issuer: Option<Arc<Issuer>>,
    clock: Arc<dyn Clock>,
}

impl TokenVerifier {
    /// Tokens of a secret, an issuer, or both.
    pub fn new(settings: TokenSettings, issuer: Option<Arc<Issuer>>, clock: Arc<dyn Clock>) -> Self {
        let secret = settings.secret.as_ref().map(|secret| DecodingKey::from_secret(secret.reveal().as_bytes()));
        Self { settings, secret, issuer, clock }
    }

    /// Whether credentials are a token rather than a key: it begins with an encoded `{"`.
    pub fn looks_like(text: &str) -> bool {
        // Keys of this service begin with `bt-`, so neither can be taken for the other.
        text.starts_with("eyJ") && text.contains('.')
    }

    /// What a token says, if it can be believed. Reads no disk, calls nobody.
    ///
    /// # Errors
    ///
    /// Why it can't. With [`TokenFault::UnknownSigner`] the issuer may have newer keys: see [`TokenVerifier::renew`].
    pub fn check(&self, token: &str) -> Result<Claims, TokenFault> {
        let now = self.clock.now();
        let token = read::UnverifiedToken::read(token)?;
        if !self.settings.algorithms.contains(&token.algorithm) {
            return Err(TokenFault::Algorithm { expected: self.expected_algorithms() });
        }
        // By algorithm, so that a public key can never be used as the secret of HS256.
        if token.algorithm == Algorithm::HS256 {
            let secret =
                self.secret.as_ref().ok_or_else(|| TokenFault::Algorithm { expected: self.expected_algorithms() })?;
            token.verify(secret)?;
        } else {
            let issuer =
                self.issuer.as_ref().ok_or_else(|| TokenFault::Algorithm { expected: self.expected_algorithms() })?;
            token.verify_by(&*issuer.signers(now)?)?;
        }
        // Claims are read only after the signature is verified.
        let claims = token.claims()?;
        read::check_times(&claims, now, self.settings.leeway)?;
        read::check_parties(&claims, self.settings.issuer.as_deref(), &self.settings.audience)?;
        self.settings.claims.read(&claims)
    }

    /// Fetches the issuer's keys, unless that was done a moment ago. Waits no longer than a call may take.
    pub async fn renew(&self) {
        if let Some(issuer) = &self.issuer {
            issuer.renew().await;
        }
    }

    /// The issuer, if there is one: to renew its keys in the background.
    pub fn issuer(&self) -> Option<&Arc<Issuer>> {
        self.issuer.as_ref()
    }

    /// The algorithms that can be of use here, for messages.
    fn expected_algorithms(&self) -> String {
        let usable = |algorithm: &&Algorithm| match **algorithm {
            Algorithm::HS256 => self.secret.is_some(),
            _ => self.issuer.is_some(),
        };
        let names = self.settings.algorithms.iter().filter(usable).map(|algorithm| format!("{algorithm:?}"));
        names.collect::<Vec<_>>().join(", ")
    }
}

/// Says nothing of the secret.
impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("settings", &self.settings).finish_non_exhaustive()
    }
}
