//! The one HTTP client.

/// A client with its connections.
#[derive(Debug, Clone, Default)]
pub struct Transport {}
