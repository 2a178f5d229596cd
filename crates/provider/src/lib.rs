//! What a provider is, and the one HTTP client that reaches it.
