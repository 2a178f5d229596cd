//! What messages are signed with: the symmetric signatures of the Standard Webhooks scheme.
//!
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_model::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// What a secret begins with when it is written.
const PREFIX: &str = "whsec_";
/// Bytes of a secret: bounds of the scheme, and what is made here.
const SHORTEST: usize = 24;
const LONGEST: usize = 64;
const MADE: usize = 32;

/// A webhook's secret.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

/// Why a text is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `whsec_` and 24 to 64 bytes in base64")]
pub struct WebhookSecretFault;

impl WebhookSecret {
    /// A new one. Its randomness has to be the system's.
    pub fn generate(rng: &mut impl Rng) -> Self {
        Self(Zeroizing::new(rng.random::<[u8; MADE]>().to_vec()))
    }

    /// Reads one as it is shown: `whsec_` and base64.
    ///
    /// # Errors
    /// [`WebhookSecretFault`].
    pub fn parse(text: &str) -> Result<Self, WebhookSecretFault> {
        let bytes = text.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok()).map(Zeroizing::new);
        bytes.filter(|bytes| (SHORTEST..=LONGEST).contains(&bytes.len())).map(Self).ok_or(WebhookSecretFault)
    }

    /// The secret as it is shown, once.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(&*self.0)))
    }

    /// The signature of a message: `v1,` and base64. `timestamp` is in seconds since 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        format!("v1,{}", STANDARD.encode(self.mac(id, timestamp, body).finalize().into_bytes()))
    }

    /// Whether one of the signatures in a `webhook-signature` header is of this message.
    pub fn verify(&self, id: &str, timestamp: i64, body: &[u8], signatures: &str) -> bool {
        // Several may stand there, and of other schemes too (`v1a`): one that fits is enough.
        signatures.split(' ').filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok()).any(
            |signature| {
                // Compared in constant time.
                self.mac(id, timestamp, body).verify_slice(&signature).is_ok()
            },
        )
    }

    fn mac(&self, id: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
        // HMAC takes keys of any length, so this never fails; an empty key stands for the impossible.
        let mut mac = Hmac::new_from_slice(&self.0).unwrap_or_else(|_| Hmac::new(&Default::default()));
        // The id and time are signed with the body, so that a recorded message can't be replayed later.
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        mac
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A webhook's secret, and the one before while its services change over: messages are signed with both then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSecrets {
    /// The secret.
    pub current: WebhookSecret,
    /// The one before, and until when it signs too.
    pub previous: Option<(WebhookSecret, Timestamp)>,
}

impl WebhookSecrets {
    /// One secret alone.
    pub fn of(current: WebhookSecret) -> Self {
        Self { current, previous: None }
    }

    /// With a new secret; the one before signs too until then.
    #[must_use]
    pub fn rotate(self, new: WebhookSecret, until: Timestamp) -> Self {
        Self { current: new, previous: Some((self.current, until)) }
    }

    /// The header `webhook-signature` of a message: a signature by each secret that is in force.
    pub fn signatures(&self, id: &str, now: Timestamp, body: &[u8]) -> String {
        let mut signatures = self.current.sign(id, now.seconds(), body);
        if let Some((previous, _)) = self.previous.as_ref().filter(|(_, until)| now < *until) {
            signatures.push(' ');
            signatures.push_str(&previous.sign(id, now.seconds(), body));
        }
        signatures
    }

    /// As text that is sealed: `whsec_…`, or `whsec_… whsec_… MICROSECONDS`.
    pub fn write(&self) -> Zeroizing<String> {
        let mut text = self.current.reveal();
        if let Some((previous, until)) = &self.previous {
            text.push_str(&format!(" {} {}", *previous.reveal(), until.0));
        }
        text
    }

    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    /// [`WebhookSecretFault`].
    pub fn read(text: &str) -> Result<Self, WebhookSecretFault> {
        let mut words = text.split(' ');
        let current = WebhookSecret::parse(words.next().ok_or(WebhookSecretFault)?)?;
        let previous = match (words.next(), words.next(), words.next()) {
            (None, ..) => None,
            (Some(previous), Some(until), None) => {
                Some((WebhookSecret::parse(previous)?, Timestamp(until.parse().map_err(|_| WebhookSecretFault)?)))
            }
            _ => return Err(WebhookSecretFault),
        };
        Ok(Self { current, previous })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    /// The vector that the scheme's own libraries test.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const MOMENT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn signatures_are_those_of_the_scheme() {
        let secret = WebhookSecret::parse(SECRET).unwrap();
        assert_eq!(secret.sign(ID, MOMENT, BODY), SIGNATURE);
        assert_eq!(*secret.reveal(), SECRET);
        for signatures in [SIGNATURE, &format!("v1,AAAA v1a,x {SIGNATURE}")] {
            assert!(secret.verify(ID, MOMENT, BODY, signatures), "{signatures}");
        }
        for signatures in ["", "v1,", "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", &SIGNATURE[3..]] {
            assert!(!secret.verify(ID, MOMENT, BODY, signatures), "{signatures}");
        }
        assert!(!secret.verify(ID, MOMENT + 1, BODY, SIGNATURE));
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let short = format!("whsec_{}", STANDARD.encode([1; 23]));
        let long = format!("whsec_{}", STANDARD.encode([1; 65]));
        for text in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_?", &short, &long] {
            assert_eq!(WebhookSecret::parse(text), Err(WebhookSecretFault), "{text}");
        }
        assert_eq!(format!("{:?}", WebhookSecret::parse(SECRET)), "Ok(Secret(…))");
        for text in ["", &format!("{SECRET} {SECRET}"), &format!("{SECRET} {SECRET} soon"), &format!("{SECRET} ")] {
            assert_eq!(WebhookSecrets::read(text), Err(WebhookSecretFault), "{text}");
        }
    }

    #[test]
    fn both_secrets_sign_while_they_change() {
        let [old, new] = [1, 2].map(|seed| WebhookSecret::generate(&mut StdRng::seed_from_u64(seed)));
        let until = Timestamp(2_000_000);
        let both = WebhookSecrets::of(old.clone()).rotate(new.clone(), until);
        let during = both.signatures(ID, Timestamp(1_999_999), BODY);
        assert!(new.verify(ID, 1, BODY, &during) && old.verify(ID, 1, BODY, &during));
        let after = both.signatures(ID, until, BODY);
        assert!(new.verify(ID, 2, BODY, &after) && !old.verify(ID, 2, BODY, &after));
        let again = both.clone().rotate(old.clone(), until);
        assert_eq!(again.previous.map(|(secret, _)| secret), Some(new));
    }

    proptest! {
        #[test]
        fn what_is_signed_is_verified_and_nothing_else(
            seed: u64, id in "[ -~]{0,40}", moment: i64, body: Vec<u8>, other: Vec<u8>, at: prop::sample::Index,
        ) {
            let secret = WebhookSecret::generate(&mut StdRng::seed_from_u64(seed));
            let signature = secret.sign(&id, moment, &body);
            prop_assert!(secret.verify(&id, moment, &body, &signature));
            if body != other {
                prop_assert!(!secret.verify(&id, moment, &other, &signature));
            }
            let mut changed = signature.into_bytes();
            let place = 3 + at.index(43);
            changed[place] = if changed[place] == b'A' { b'Z' } else { b'A' };
            prop_assert!(!secret.verify(&id, moment, &body, &String::from_utf8(changed).unwrap()));
        }

        #[test]
        fn what_is_written_reads_back(seeds: (u64, u64), until: Option<i64>) {
            let [current, previous] = [seeds.0, seeds.1].map(|seed| WebhookSecret::generate(&mut StdRng::seed_from_u64(seed)));
            let secrets = WebhookSecrets { current, previous: until.map(|until| (previous, Timestamp(until))) };
            prop_assert_eq!(WebhookSecrets::read(&secrets.write()), Ok(secrets));
        }
    }
}
