//! Reading a token: no panic, whatever its parts are, and none is believed that nobody has signed.
#![no_main]

use baton_auth::token::{Algorithm, TokenSettings};
use baton_auth::{KeySecret, TokenVerifier};
use baton_model::SystemClock;
use jsonwebtoken::{EncodingKey, crypto};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

const SECRET: &str = "a secret of thirty-two characters";

/// `{"alg":"HS256"}` in base64url.
const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9";

fuzz_target!(|data: &[u8]| {
    let settings = TokenSettings { secret: Some(KeySecret::from_text(SECRET)), ..TokenSettings::default() };
    let tokens = TokenVerifier::new(settings, None, Arc::new(SystemClock));
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(tokens.check(text).is_err(), "a token is believed that nobody has signed");
    // The claims as well: signed, so that they are read.
    let message = format!("{HEADER}.{text}");
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    if let Ok(signature) = crypto::sign(message.as_bytes(), &key, Algorithm::HS256) {
        let _ = tokens.check(&format!("{message}.{signature}"));
    }
});
