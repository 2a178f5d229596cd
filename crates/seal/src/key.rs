//! A key as the environment gives it.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chacha20poly1305::aead::Generate;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Bytes of a key.
const LENGTH: usize = 32;
/// Hexadecimal digits of a key's id.
const ID: usize = 8;

// Tools and secret stores print base64 with or without its `=`.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// What is wrong with the keys given. Never holds one of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// There is none.
    #[error("is empty: expected 32 random bytes as base64 or as 64 hexadecimal digits")]
    Empty,
    /// One is no key.
    #[error(
        "key {position} of {count} is {found}: expected 32 random bytes as base64 or as 64 hexadecimal digits, several \
         keys separated by commas with the newest first"
    )]
    Unreadable {
        /// Which, from 1.
        position: usize,
        /// Of how many.
        count: usize,
        /// What stands there, in words.
        found: String,
    },
    /// All its bytes are the same: a placeholder.
    #[error("key {position} is one repeated byte: expected random bytes")]
    Weak {
        /// Which, from 1.
        position: usize,
    },
    /// It is given twice.
    #[error("key {position} is given twice: expected each key once, the newest first")]
    Repeated {
        /// Which, from 1.
        position: usize,
    },
    /// The system has no randomness.
    #[error("the system returned no random bytes")]
    NoRandomness,
}

/// One key.
#[derive(Clone)]
pub(crate) struct SealKey {
    pub id: String,
    pub bytes: Zeroizing<[u8; LENGTH]>,
}

impl SealKey {
    /// The keys of a list, in its order.
    pub fn read_all(list: &str) -> Result<Vec<Self>, KeyFault> {
        if list.trim().is_empty() {
            return Err(KeyFault::Empty);
        }
        let count = list.split(',').count();
        let mut keys: Vec<Self> = Vec::with_capacity(count);
        for (index, text) in list.split(',').enumerate() {
            let position = index + 1;
            let bytes = read(text.trim()).map_err(|found| KeyFault::Unreadable { position, count, found })?;
            // A full measure of randomness can't be checked. This finds the placeholders of examples and charts.
            if bytes.iter().all(|byte| Some(byte) == bytes.first()) {
                return Err(KeyFault::Weak { position });
            }
            let key = Self { id: id(&bytes), bytes };
            // NEW,NEW is a slip in a change of keys: the old key is missing, and its secrets could not be opened.
            if keys.iter().any(|other| other.id == key.id) {
                return Err(KeyFault::Repeated { position });
            }
            keys.push(key);
        }
        Ok(keys)
    }
}

/// A new key, as base64: for `BATON_SECRET_KEY`.
///
/// # Errors
///
/// [`KeyFault::NoRandomness`].
pub fn generate() -> Result<Zeroizing<String>, KeyFault> {
    let bytes = <[u8; LENGTH]>::try_generate().map(Zeroizing::new).map_err(|_| KeyFault::NoRandomness)?;
    Ok(Zeroizing::new(GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new()).encode(bytes.as_slice())))
}

/// The bytes of a key; if it is none, what it is instead.
fn read(text: &str) -> Result<Zeroizing<[u8; LENGTH]>, String> {
    if text.is_empty() {
        return Err("empty".to_owned());
    }
    // Before base64: 64 hexadecimal digits are valid base64, too, of 48 other bytes.
    if text.len() == 2 * LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return read_hex(text).ok_or_else(|| "not a hexadecimal number".to_owned());
    }
    // The two alphabets differ in two letters. A key without any of them reads alike in both.
    let alphabet = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    let bytes = GeneralPurpose::new(alphabet, LENIENT).decode(text).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| "neither base64 nor hexadecimal".to_owned())?;
    match <[u8; LENGTH]>::try_from(bytes.as_slice()) {
        Ok(key) => Ok(Zeroizing::new(key)),
        Err(_) => Err(format!("{} bytes long", bytes.len())),
    }
}

fn read_hex(text: &str) -> Option<Zeroizing<[u8; LENGTH]>> {
    let mut bytes = Zeroizing::new([0; LENGTH]);
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// What a key is called in sealed texts: says nothing of the key.
fn id(key: &[u8; LENGTH]) -> String {
    // With a prefix of its own, so that the id is no hash of the key that another use would have made.
    let digest = Sha256::new().chain_update(b"baton key id").chain_update(key).finalize();
    digest.iter().take(ID / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn check(list: &str, expected: &str) {
        let fault = SealKey::read_all(list).err().unwrap().to_string();
        assert!(fault.contains(expected), "{fault}");
        assert!(!fault.contains("hunter2"), "{fault}");
    }

    #[test]
    fn keys_are_read_in_both_forms() {
        let base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        for text in [HEX, &HEX.to_uppercase(), base64, base64.trim_end_matches('='), &format!("  {HEX} ")] {
            assert_eq!(
                SealKey::read_all(text).unwrap().first().unwrap().bytes.as_slice(),
                (0..32).collect::<Vec<u8>>()
            );
        }
        let url_safe = SealKey::read_all("-_ECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
        assert_eq!(url_safe.first().unwrap().bytes.first(), Some(&0xfb));
        let new = generate().unwrap();
        assert_eq!(SealKey::read_all(&format!("{},{HEX}", *new)).unwrap().len(), 2);
        assert_ne!(*new, *generate().unwrap());
    }

    #[test]
    fn what_is_no_key_is_named_and_not_echoed() {
        check(" ", "is empty");
        check("hunter2!", "key 1 of 1 is neither base64 nor hexadecimal");
        // A password in base64: what it says must not come back in the fault.
        check("aHVudGVyMg==", "key 1 of 1 is 7 bytes long");
        check(&format!("{HEX},"), "key 2 of 2 is empty");
        check(&format!("{HEX},{HEX}"), "key 2 is given twice");
        check(&"0".repeat(64), "is one repeated byte");
        // One wrong digit makes it valid base64 of the wrong length, so it is refused as such.
        check(&HEX.replace("00", "0g"), "key 1 of 1 is 48 bytes long");
    }
}
