//! What a key looks like, and what is stored of it.

use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use rand::distr::Alphanumeric;
use sha2::Sha256;
use std::fmt;

/// What every key begins with, so that scanners find leaked ones.
pub const PREFIX: &str = "bt-";
/// Random characters after it: 43 of 62 have 256 bits.
const RANDOM: usize = 43;
/// Characters that are shown afterwards, to tell keys apart.
const SHOWN: usize = PREFIX.len() + 6;

/// A key as its owner has it. Shown once, stored never.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySecret(String);

impl KeySecret {
    /// A new key.
    pub fn generate(rng: &mut impl Rng) -> Self {
        // Letters and digits alone: a double click selects the whole key, and no shell or URL changes it.
        let random = (0..RANDOM).map(|_| char::from(rng.sample(Alphanumeric)));
        Self(PREFIX.chars().chain(random).collect())
    }

    /// A key that someone else made (`BATON_ADMIN_KEY`).
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key itself: for the reply to its maker alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Its first characters. A given key that is short shows less.
    pub fn prefix(&self) -> String {
        // At most a quarter of it, because a given key may be short.
        let shown = if self.0.starts_with(PREFIX) { SHOWN } else { 3 };
        self.0.chars().take(shown.min(self.0.chars().count() / 4)).collect()
    }
}

/// Says nothing of the key.
impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a key is stored and found by: its HMAC-SHA-256.
pub(crate) type Hash = [u8; 32];

/// The service's own secret that hashes are made with: a stolen table of hashes is of no use without it.
#[derive(Clone)]
pub(crate) struct Pepper(Hmac<Sha256>);

impl Pepper {
    pub fn new(pepper: &[u8]) -> Self {
        // HMAC takes keys of any length, so this never fails; an empty key stands for the impossible.
        Self(Hmac::new_from_slice(pepper).unwrap_or_else(|_| Hmac::new(&Default::default())))
    }

    pub fn hash(&self, secret: &str) -> Hash {
        // A clone of the keyed state: the two blocks of the key are hashed once, at the start.
        let mut hmac = self.0.clone();
        hmac.update(secret.as_bytes());
        hmac.finalize().into_bytes().into()
    }
}

/// 32 random bytes in hexadecimal, for a new pepper.
pub(crate) fn random_pepper(rng: &mut impl Rng) -> String {
    hex(&rng.random::<Hash>())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn keys_have_their_form_and_hide_it() {
        let secret = KeySecret::generate(&mut StdRng::seed_from_u64(1));
        assert_eq!(secret.reveal().len(), 46);
        assert!(secret.reveal().starts_with("bt-"));
        assert!(secret.reveal().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
        assert_ne!(secret, KeySecret::generate(&mut StdRng::seed_from_u64(2)));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert!(secret.reveal().starts_with(&secret.prefix()) && secret.prefix().len() == 9);
        assert_eq!(KeySecret::from_text("short").prefix(), "s");
    }

    /// RFC 4231, test case 2.
    #[test]
    fn the_hash_is_hmac_sha_256() {
        let hash = Pepper::new(b"Jefe").hash("what do ya want for nothing?");
        assert_eq!(hex(&hash), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
