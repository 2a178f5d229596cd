//! A limit as JSON.

use baton_control::policies::ListedPolicy;
use baton_model::entity::RateLimit;
use serde::Serialize;
use utoipa::ToSchema;

/// A limit. What is left of it now is in its counters.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitStatus {
    #[serde(flatten)]
    limit: RateLimit,
    /// `file` (the configuration), `api`, or `project` (the field `limits` of a project).
    #[schema(example = "api")]
    origin: &'static str,
}

/// The field that a reply shows beside those of a limit: nobody can set it.
pub const SHOWN: [&str; 1] = ["origin"];

impl LimitStatus {
    /// The limit, and where it comes from.
    pub fn new(listed: &ListedPolicy<RateLimit>) -> Self {
        Self { limit: listed.policy.clone(), origin: listed.origin.name() }
    }
}
