//! What a project demands of its requests, as a caller carries it.

use crate::id::{ModelId, ProviderId};
use crate::price::Factor;
use std::sync::Arc;

/// What a project demands of each of its requests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectRules {
    /// The models that may be used; `None`: all.
    pub models: Option<Arc<[ModelId]>>,
    /// The providers whose models may be used; `None`: all.
    pub providers: Option<Arc<[ProviderId]>>,
    /// What is charged, as a multiple of the cost; `None`: the cost.
    pub charge_factor: Option<Factor>,
}

impl ProjectRules {
    /// Whether its requests may use a model of a provider.
    pub fn allow(&self, model: &ModelId, provider: &ProviderId) -> bool {
        self.models.as_ref().is_none_or(|models| models.contains(model))
            && self.providers.as_ref().is_none_or(|providers| providers.contains(provider))
    }
}
