//! Responses that Baton keeps itself, where the provider that replied has no place for them.

use super::Owner;
use crate::clock::Timestamp;
use crate::id::ModelId;

/// A response (OpenAI API reference, responses) that can be asked for again and gone on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// Its id, as clients see it: `resp_…`.
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// The model that replied.
    pub model: ModelId,
    /// Everything that was said to the model, earlier turns too: a JSON array of items, each with an id.
    pub input: String,
    /// The response as the client got it: a JSON object.
    pub response: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it goes.
    pub expires_at: Timestamp,
}
