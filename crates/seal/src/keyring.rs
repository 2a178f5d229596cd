//! The keys, and what they do.

use crate::key::{KeyFault, SealKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::fmt;
use zeroize::Zeroizing;

// Part of what is bound in: a text can't be passed off as one of another version.
const VERSION: &str = "v1";
/// Bytes of a nonce: enough that random ones never meet.
const NONCE: usize = 24;

/// The newest key, which seals, and older ones, which only open.
#[derive(Clone)]
pub struct Keyring(Vec<SealKey>);

/// Why a secret can't be sealed or opened. Never holds one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is not of the form that sealing gives.
    #[error("the encrypted text is damaged: expected the form `v1.KEY.TEXT`")]
    Form,
    /// The key that it was sealed with is not given.
    #[error(
        "it is encrypted with the key `{id}`, which is missing: append that key to BATON_SECRET_KEY, after a comma"
    )]
    UnknownKey {
        /// The key's id.
        id: String,
    },
    /// It was changed, or belongs to another row.
    #[error("the encrypted text does not belong to this row, or was changed")]
    Tampered,
    /// The system has no randomness, or the secret is beyond all size.
    #[error("the secret could not be encrypted: the system returned no random bytes")]
    Unsealed,
}

impl Keyring {
    /// Reads `BATON_SECRET_KEY`: one key, or several separated by commas with the newest first. Each is 32 bytes as
    /// base64 or hexadecimal.
    ///
    /// # Errors
    ///
    /// Which of them is no key, and what was expected.
    pub fn parse(list: &str) -> Result<Self, KeyFault> {
        SealKey::read_all(list).map(Self)
    }

    /// The id of the key that seals.
    pub fn newest_key_id(&self) -> &str {
        self.0.first().map_or("", |key| &key.id)
    }

    /// Seals a secret for a row (`providers/groq/api_key`): it opens only there.
    ///
    /// # Errors
    ///
    /// [`SealError::Unsealed`].
    pub fn seal(&self, row: &str, secret: &[u8]) -> Result<String, SealError> {
        let key = self.0.first().ok_or(SealError::Unsealed)?;
        // From the system and never from a seeded generator: a nonce that comes twice under one key shows how the two
        // secrets differ, and allows forgeries.
        let nonce = <[u8; NONCE]>::try_generate().map_err(|_| SealError::Unsealed)?;
        let payload = Payload { msg: secret, aad: &associated_data(&key.id, row) };
        let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Unsealed)?;
        Ok(format!("{VERSION}.{}.{}", key.id, URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())))
    }

    /// Opens what was sealed for that row.
    ///
    /// # Errors
    ///
    /// [`SealError::Form`], [`SealError::UnknownKey`], [`SealError::Tampered`].
    pub fn open(&self, row: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (id, body) = parts(sealed)?;
        // By its id and not by trying each: so a missing key and a changed text are told apart, and an operator knows
        // what to do.
        let key = self.0.iter().find(|key| key.id == id);
        let key = key.ok_or_else(|| SealError::UnknownKey { id: id.to_owned() })?;
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| SealError::Form)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(SealError::Form)?;
        let payload = Payload { msg: sealed, aad: &associated_data(id, row) };
        let opened = cipher(key).decrypt(&XNonce::from(*nonce), payload);
        // The library says no more, so a text that was changed and one of another row look alike.
        opened.map(Zeroizing::new).map_err(|_| SealError::Tampered)
    }

    /// The same for a secret that is text.
    ///
    /// # Errors
    ///
    /// Those of [`Keyring::open`]; [`SealError::Form`] too if it is no text.
    pub fn open_text(&self, row: &str, sealed: &str) -> Result<Zeroizing<String>, SealError> {
        let bytes = self.open(row, sealed)?;
        std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| SealError::Form)
    }

    /// Seals anew what an older key has sealed; `None` if the newest key has.
    ///
    /// # Errors
    ///
    /// Those of [`Keyring::open`] and [`Keyring::seal`].
    pub fn reseal(&self, row: &str, sealed: &str) -> Result<Option<String>, SealError> {
        // Opened in any case: a text that is damaged shall not pass for a fresh one.
        let secret = self.open(row, sealed)?;
        let (id, _) = parts(sealed)?;
        if id == self.newest_key_id() { Ok(None) } else { self.seal(row, &secret).map(Some) }
    }
}

/// Says only which keys there are.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

/// The key's id and the rest.
fn parts(sealed: &str) -> Result<(&str, &str), SealError> {
    let mut parts = sealed.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(VERSION), Some(id), Some(body), None) if !id.is_empty() => Ok((id, body)),
        _ => Err(SealError::Form),
    }
}

/// What is bound in beside the secret: the form, the key and the row.
fn associated_data(id: &str, row: &str) -> Vec<u8> {
    // The id has no dot, so no two of them make the same bytes with different rows.
    format!("{VERSION}.{id}.{row}").into_bytes()
}

fn cipher(key: &SealKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&(*key.bytes).into())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OLD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const NEW: &str = "AgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICE=";
    const ROW: &str = "providers/groq/api_key";

    fn ring(list: &str) -> Keyring {
        Keyring::parse(list).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_in_its_row_alone(secret: Vec<u8>, row: String, other: String) {
            let ring = ring(OLD);
            let sealed = ring.seal(&row, &secret).unwrap();
            prop_assert_eq!(&*ring.open(&row, &sealed).unwrap(), &secret);
            if row != other {
                prop_assert_eq!(ring.open(&other, &sealed), Err(SealError::Tampered));
            }
            // A new nonce each time: equal secrets don't show as equal in the database.
            prop_assert_ne!(ring.seal(&row, &secret).unwrap(), sealed);
        }

        #[test]
        fn whatever_is_no_sealed_text_is_refused(text: String) {
            prop_assert!(ring(OLD).open(ROW, &text).is_err());
        }
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let ring = ring(OLD);
        let sealed = ring.seal(ROW, b"gsk_hunter2").unwrap();
        for (place, letter) in sealed.char_indices() {
            let other = if letter == 'x' { "y" } else { "x" };
            let mut changed = sealed.clone();
            changed.replace_range(place..=place, other);
            assert!(ring.open(ROW, &changed).is_err(), "{changed}");
            // Cut texts too, as a column that is too short leaves them.
            assert!(ring.open(ROW, &sealed[..place]).is_err(), "{}", &sealed[..place]);
        }
        assert!(!sealed.contains("hunter2"));
    }

    #[test]
    fn keys_change_one_after_the_other() {
        let (old, new, both) = (ring(OLD), ring(NEW), ring(&format!("{NEW},{OLD}")));
        let sealed = old.seal(ROW, b"gsk").unwrap();
        let missing = new.open(ROW, &sealed).unwrap_err();
        assert_eq!(missing, SealError::UnknownKey { id: old.newest_key_id().to_owned() });
        assert!(missing.to_string().contains("BATON_SECRET_KEY"));
        assert_eq!(both.open_text(ROW, &sealed).unwrap().as_str(), "gsk");
        let resealed = both.reseal(ROW, &sealed).unwrap().unwrap();
        assert_eq!(new.open_text(ROW, &resealed).unwrap().as_str(), "gsk");
        assert_eq!(both.reseal(ROW, &resealed).unwrap(), None);
        // Though the newest key has sealed it: a text in the wrong row must not pass for done.
        assert_eq!(both.reseal("webhooks/1/secret", &resealed), Err(SealError::Tampered));
    }

    #[test]
    fn nothing_is_printed_of_a_key() {
        let shown = format!("{:?}", ring(OLD));
        assert!(shown.contains(ring(OLD).newest_key_id()) && !shown.contains("0001"), "{shown}");
    }
}
