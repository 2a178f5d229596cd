//! What health is kept for.

use baton_model::{Model, ModelId, ProviderId};

/// A model at a provider. The same name registered for another provider begins anew: what one server did says nothing
/// about the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Deployment {
    /// Whose it is.
    pub provider: ProviderId,
    /// The model.
    pub model: ModelId,
}

impl From<&Model> for Deployment {
    fn from(model: &Model) -> Self {
        Self { provider: model.provider.clone(), model: model.id.clone() }
    }
}
