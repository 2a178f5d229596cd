//! A model as its provider lists it.

use baton_model::Capability;

/// A model as its provider lists it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DiscoveredModel {
    /// The provider's name for it.
    pub upstream: String,
    /// A display name.
    pub display_name: Option<String>,
    /// What it can do; empty where the provider does not say.
    pub capabilities: Vec<Capability>,
    /// The context window, where the provider says.
    pub token_limit: Option<u64>,
    /// The largest output, where the provider says.
    pub max_tokens: Option<u64>,
    /// Whether it reasons, where the provider says.
    pub reasoning: Option<bool>,
}
