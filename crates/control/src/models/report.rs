//! What a discovery reports: what is new, changed or gone, and what was not taken over.

use baton_model::{ModelId, ProviderId};
use serde::Serialize;
use utoipa::ToSchema;

/// What a discovery found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Discovery {
    /// Every model that the providers list and that is registered here.
    #[schema(value_type = Vec<String>)]
    pub found: Vec<ModelId>,
    /// Models that are new.
    #[schema(value_type = Vec<String>)]
    pub added: Vec<ModelId>,
    /// Models that the provider describes differently than before.
    #[schema(value_type = Vec<String>)]
    pub changed: Vec<ModelId>,
    /// Models discovered before that are no longer listed.
    #[schema(value_type = Vec<String>)]
    pub gone: Vec<ModelId>,
    /// Listed models that were not registered; all others were.
    pub conflicts: Vec<Conflict>,
    /// Providers that could not be reached.
    pub failed: Vec<Failed>,
}

/// A listed model that was not registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ConflictView)]
pub struct Conflict {
    /// The provider that lists it.
    #[schema(value_type = String, example = "openai")]
    pub provider: ProviderId,
    /// The provider's name for it.
    #[serde(rename = "upstream")]
    #[schema(example = "gpt-4o")]
    pub listed: String,
    /// Why it was not registered.
    #[serde(rename = "error")]
    #[schema(example = "the id `gpt-4o` is used by the model that the provider calls `gpt-4o-2024-08-06`")]
    pub problem: String,
}

/// A provider that could not be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Failed {
    /// Its name.
    #[schema(value_type = String)]
    pub provider: ProviderId,
    /// Why.
    pub error: String,
}

impl Discovery {
    pub(super) fn merge(&mut self, other: Self) {
        self.found.extend(other.found);
        self.added.extend(other.added);
        self.changed.extend(other.changed);
        self.gone.extend(other.gone);
        self.conflicts.extend(other.conflicts);
        self.failed.extend(other.failed);
    }
}
