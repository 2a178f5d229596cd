//! Why a call failed.

use std::net::IpAddr;
use std::time::Duration;

/// Why a call failed. The messages name what was asked, without user name, password and query.
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
    #[error("`{host}` is {address}, which is not on the public internet and in no network that is allowed")]
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
    #[error("`{host}` did not answer within {limit:?}")]
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
    #[error("calls can't be made: {0}")]
    Setup(String),
}

impl FetchError {
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
