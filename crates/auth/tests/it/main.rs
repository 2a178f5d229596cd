//! From headers to callers.
#![expect(clippy::unwrap_used, reason = "tests")]

mod issuer;
mod keys;
mod setup;
mod tokens;
