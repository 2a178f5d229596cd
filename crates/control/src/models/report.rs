//! What a discovery reports: what is new, changed or gone, and what was not taken over.

use baton_model::{ModelId, ProviderId};

/// What a discovery found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The id of every model that the providers list and that is registered here.
    pub found: Vec<ModelId>,
    /// Those that are new here.
    pub added: Vec<ModelId>,
    /// Those of which the provider says something else than before.
    pub changed: Vec<ModelId>,
    /// Those discovered before that are listed no more.
    pub gone: Vec<ModelId>,
    /// Listed models that were not taken over.
    pub conflicts: Vec<Conflict>,
    /// Providers that could not be asked, and why.
    pub failed: Vec<(ProviderId, String)>,
}

/// A listed model that was not taken over. The rest of the list was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The provider that lists it.
    pub provider: ProviderId,
    /// The provider's name for it.
    pub listed: String,
    /// Why it was not taken over.
    pub problem: String,
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
