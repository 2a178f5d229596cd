//! What a vendor signs or seals, so that it knows it again when it comes back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The seal over a text: 44 characters of base64, which anybody else can only pass on.
pub(crate) fn seal(text: &str) -> String {
    // No secret: the simulation must only notice a change, and nobody forges here on purpose.
    STANDARD.encode(Sha256::digest(format!("simulated vendor: {text}")))
}

/// The first 16 hexadecimal digits of the SHA-256 of these bytes.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes behind base64 text.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
