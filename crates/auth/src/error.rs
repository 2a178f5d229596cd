//! Why a caller is turned away.

use baton_model::entity::Role;
use baton_model::{Code, PublicError};
use baton_store::StoreError;

/// Why a caller is turned away. The messages say what was expected, and never what was sent.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No key was sent.
    #[error("no API key was sent: send one as `Authorization: Bearer bt-…`, `x-api-key` or `api-key`")]
    Missing,
    /// A header can't be read.
    #[error("the `{header}` header is malformed: expected {expected}")]
    Malformed {
        /// The header.
        header: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// Headers hold different keys: which is meant would be a guess.
    #[error("the request holds different API keys in several headers: send one")]
    Ambiguous,
    /// The key is not one that is known.
    #[error("the API key is not known: expected a key of this service, which begins with `bt-`")]
    Unknown,
    /// The key was revoked.
    #[error("the API key has been revoked")]
    Revoked,
    /// The key has expired.
    #[error("the API key has expired")]
    Expired,
    /// The caller is known, but may not do this.
    #[error("this needs the role `{}`, but the caller has `{}`", needed.name(), has.name())]
    Forbidden {
        /// The least role that may.
        needed: Role,
        /// The caller's.
        has: Role,
    },
    /// The keys can't be read or written.
    #[error("the keys are not available")]
    Store(#[from] StoreError),
}

impl AuthError {
    /// As the caller is told it.
    pub fn public(&self) -> PublicError {
        let code = match self {
            Self::Missing
            | Self::Malformed { .. }
            | Self::Ambiguous
            | Self::Unknown
            | Self::Revoked
            | Self::Expired => Code::AuthenticationError,
            Self::Forbidden { .. } => Code::PermissionDenied,
            Self::Store(_) => Code::Internal,
        };
        PublicError::new(code, self.to_string())
    }
}
