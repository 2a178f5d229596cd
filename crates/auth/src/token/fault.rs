//! Why a token is not believed.

use baton_model::Timestamp;
use chrono::{DateTime, SecondsFormat, Utc};

/// Why a token is not believed. The messages hold times, names of claims and what was expected, never the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It is no token.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// It is signed in a way that is not taken here, or not at all.
    #[error("the token's signing algorithm is not accepted: {expected}")]
    Algorithm {
        /// Those that are.
        expected: String,
    },
    /// The signature is wrong.
    #[error("the token's signature is invalid: the token was changed, or signed with another key")]
    Signature,
    /// The issuer has no such key, as far as is known.
    #[error("the token is signed with a key that its issuer does not publish")]
    UnknownSigner,
    /// The issuer's keys are not there, or too old to be trusted.
    #[error("the signing keys of the token's issuer are not available: {0}")]
    NoSigners(String),
    /// It is over.
    #[error("the token expired at {}; this machine's time is {}", time(*at), time(*now))]
    Expired {
        /// When it did.
        at: Timestamp,
        /// What time it is here.
        now: Timestamp,
    },
    /// It is not valid yet.
    #[error("the token is not valid before {}; this machine's time is {}", time(*from), time(*now))]
    Early {
        /// From when on it is.
        from: Timestamp,
        /// What time it is here.
        now: Timestamp,
    },
    /// It was made by or for somebody else.
    #[error("the token's claim `{claim}` is not accepted: expected {expected}")]
    Party {
        /// `iss` or `aud`.
        claim: &'static str,
        /// What it should be.
        expected: String,
    },
    /// A claim is missing or of the wrong type, or names nothing that is known.
    #[error("the token's claim `{claim}` {problem}")]
    Claim {
        /// Its name.
        claim: String,
        /// What is wrong with it, and what was expected.
        problem: String,
    },
}

fn time(time: Timestamp) -> String {
    let time = DateTime::from_timestamp_micros(time.0).unwrap_or(DateTime::<Utc>::MAX_UTC);
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
