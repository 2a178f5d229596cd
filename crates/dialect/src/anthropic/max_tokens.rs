//! The output limit, which this format requires.

/// What the format asks for where nobody gives a limit.
pub(super) const DEFAULT_MAX_TOKENS: u64 = 4096;
