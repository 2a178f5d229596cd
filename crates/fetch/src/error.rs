//! Why a call failed.

use std::net::IpAddr;
use std::time::Duration;

/// Why a call failed. The messages name what was asked, without user name, password and query. They also say what a name
/// resolves to and how a connection failed: they are for the operator. Whoever else named the address is told
/// [`FetchError::public`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The address is none.
    #[error("`{url}` is not an address that can be called: {expected}")]
    Address {
        /// What was given.
        url: String,
        /// What was expected.
        expected: &'static str,
    },
    /// The address is not on the public internet, nor in a network that is allowed.
    #[error("`{host}` is {address}, which is neither on the public internet nor in an allowed network")]
    Refused {
        /// The host as it was given.
        host: String,
        /// What it is.
        address: IpAddr,
    },
    /// The name has no address.
    #[error("the name `{host}` can't be resolved")]
    Unresolved {
        /// The name.
        host: String,
    },
    /// Nobody responds there, or not in the way that HTTP or TLS want.
    #[error("`{host}` can't be reached: {reason}")]
    Unreachable {
        /// The host.
        host: String,
        /// What happened.
        reason: String,
    },
    /// It took too long.
    #[error("`{host}` did not reply within {limit:?}")]
    TimedOut {
        /// The host.
        host: String,
        /// The bound.
        limit: Duration,
    },
    /// More came than is taken.
    #[error("`{host}` sent more than {limit} bytes")]
    TooLarge {
        /// The host.
        host: String,
        /// The bound.
        limit: usize,
    },
    /// What came is of another type.
    #[error("`{host}` sent `{found}` where {expected} was expected")]
    Type {
        /// The host.
        host: String,
        /// What came.
        found: String,
        /// What would have been taken.
        expected: String,
    },
    /// The client could not be set up.
    #[error("the HTTP client can't be set up: {0}")]
    Setup(String),
}

impl FetchError {
    /// What a caller is told who has named the address. Whether a name exists inside, what it resolves to, and whether
    /// somebody listens there is nobody's business: all of that is one sentence.
    pub fn public(&self) -> String {
        match self {
            Self::Address { .. } | Self::TooLarge { .. } | Self::Type { .. } => self.to_string(),
            Self::Refused { .. } | Self::Unresolved { .. } | Self::Unreachable { .. } | Self::TimedOut { .. } => {
                "the file can't be fetched from that address".to_owned()
            }
            Self::Setup(_) => "files can't be fetched at the moment".to_owned(),
        }
    }

    /// Whether the same call may succeed later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unresolved { .. } | Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            // A name may point elsewhere tomorrow; to try again today would only help who probes.
            Self::Refused { .. }
            | Self::Address { .. }
            | Self::TooLarge { .. }
            | Self::Type { .. }
            | Self::Setup(_) => false,
        }
    }
}
