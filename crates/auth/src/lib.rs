//! A header becomes a caller.
//!
//! - [`credentials`]: which headers hold a key, in every dialect;
//! - [`secret`]: what a key looks like, and what is stored of it;
//! - [`keys`]: the keys as an immutable snapshot, so that checking one reads no disk and takes no lock;
//! - [`token`]: JSON Web Tokens, by a shared secret or by an issuer's keys;
//! - [`admin`]: the first key, so that there is someone to make others;
//! - [`role`]: who may do what.
//!
//! A key has 256 random bits, so it needs no slow hash: it is stored as HMAC-SHA-256 under a pepper of the service's
//! own. No message and no `Debug` form here holds a key.

pub mod admin;
pub mod credentials;
mod error;
pub mod keys;
pub mod role;
pub mod secret;
pub mod token;

pub use admin::{Bootstrap, bootstrap};
pub use baton_model::ApiKey;
pub use credentials::Credentials;
pub use error::AuthError;
pub use keys::{ApiKeys, FailureLimit, Origin};
pub use role::{require, require_any};
pub use secret::KeySecret;
pub use token::TokenVerifier;
