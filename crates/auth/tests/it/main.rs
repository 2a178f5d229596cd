//! From headers to callers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod failures;
mod issuer;
mod keys;
mod setup;
mod tokens;
