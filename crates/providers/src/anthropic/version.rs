//! The version of the API.

/// Headers sent where the client names no version: Anthropic refuses requests without one.
pub(super) const VERSION: &[(&str, &str)] = &[("anthropic-version", "2023-06-01")];
