//! Secrets at rest: provider keys and webhook secrets, sealed before they go to the database.
//!
//! [`Keyring::seal`] encrypts with XChaCha20-Poly1305 under the newest key of `BATON_SECRET_KEY`. The row that a secret
//! belongs to is bound in as associated data: a sealed text that is copied into another row does not open there. The
//! sealed text names the key by its id, so keys can be changed one after the other:
//!
//! ```text
//! v1.<key id>.<nonce and ciphertext, base64url>
//! ```
//!
//! What is *not* here: where sealed texts are kept, and which row is whose. No message and no `Debug` form holds a key or
//! a secret, and both are wiped from memory when they are dropped.

mod key;
mod keyring;

pub use key::{KeyFault, generate};
pub use keyring::{Keyring, SealError};
