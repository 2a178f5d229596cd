//! Why a caller is turned away.

use crate::token::TokenFault;
use baton_model::entity::Role;
use baton_model::{Code, PublicError};
use baton_store::StoreError;
use std::net::IpAddr;
use std::time::Duration;

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
    #[error("the request has different API keys in several headers: send one")]
    Ambiguous,
    /// The key is not one that is known.
    #[error("unknown API key: keys of this service begin with `bt-`")]
    Unknown,
    /// The key was revoked.
    #[error("the API key has been revoked")]
    Revoked,
    /// The key has expired.
    #[error("the API key has expired")]
    Expired,
    /// The key was rotated, and the time that both were accepted is over.
    #[error("the API key has been replaced by a newer one")]
    Replaced,
    /// The key may not be used from there.
    #[error("the API key may not be used from {}", address.map_or_else(|| "an unknown address".to_owned(), |address| address.to_string()))]
    Elsewhere {
        /// Where the request comes from, if that is known.
        address: Option<IpAddr>,
    },
    /// Too many credentials from that address were wrong, and these have not been right from there before.
    #[error("too many invalid credentials from this address; try again later")]
    TooManyFailures {
        /// When it is worth trying again.
        after: Duration,
    },
    /// A token is not believed.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// A token was sent, but none are taken.
    #[error("this service does not accept JSON Web Tokens: send an API key, or configure JWT_SECRET or `auth.jwt`")]
    NoTokens,
    /// The caller is known, but may not do this.
    #[error("this requires the role `{}`, but the caller has the role `{}`", needed.name(), has.name())]
    Forbidden {
        /// The least role that may.
        needed: Role,
        /// The caller's.
        has: Role,
    },
    /// The keys can't be read or written.
    #[error("the API keys are not available")]
    Store(#[from] StoreError),
}

impl AuthError {
    /// Whether credentials were shown that may be a guess.
    pub(crate) fn may_be_a_guess(&self) -> bool {
        match self {
            // Revoked, expired and replaced ones too: whoever tries old keys is guessing.
            Self::Unknown
            | Self::Revoked
            | Self::Expired
            | Self::Replaced
            | Self::Elsewhere { .. }
            | Self::Token(_)
            | Self::NoTokens => true,
            Self::Missing
            | Self::Malformed { .. }
            | Self::Ambiguous
            | Self::TooManyFailures { .. }
            | Self::Forbidden { .. }
            | Self::Store(_) => false,
        }
    }

    /// As the caller is told it.
    pub fn public(self) -> PublicError {
        self.into()
    }
}

impl From<AuthError> for PublicError {
    fn from(error: AuthError) -> Self {
        use AuthError as E;
        let code = match error {
            E::Missing
            | E::Malformed { .. }
            | E::Ambiguous
            | E::Unknown
            | E::Revoked
            | E::Expired
            | E::Replaced
            | E::NoTokens => Code::AuthenticationError,
            // Not the caller's fault: the same token may be good once the issuer replies. What its HTTP client said is for
            // the log.
            E::Token(TokenFault::NoSigners(_)) => {
                let message = "tokens can't be verified at the moment: the issuer's signing keys are not available";
                return Self::new(Code::Overloaded, message).with_cause(error);
            }
            E::TooManyFailures { after } => {
                let retry_after = Some(after);
                return Self { retry_after, ..Self::new(Code::RateLimitExceeded, error.to_string()) };
            }
            E::Token(_) => Code::AuthenticationError,
            E::Forbidden { .. } | E::Elsewhere { .. } => Code::PermissionDenied,
            E::Store(error) => return error.into(),
        };
        Self::new(code, error.to_string())
    }
}
