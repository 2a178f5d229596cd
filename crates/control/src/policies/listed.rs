//! The policies in force on a node, with where each comes from.

use baton_model::entity::{Budget, RateLimit};
use std::sync::Arc;

/// Where a policy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyOrigin {
    /// The configuration file.
    File,
    /// It was made over the API.
    Api,
    /// The fields `budget`, `limits`, `each_user` and `each_key` of a project.
    Project,
    /// The fields `budget` and `limits` of a user.
    User,
}

impl PolicyOrigin {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::File, Self::Api, Self::Project, Self::User];

    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Api => "api",
            Self::Project => "project",
            Self::User => "user",
        }
    }

    /// The origin of that [word](Self::name).
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

/// A policy in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPolicy<P> {
    /// The policy.
    pub policy: P,
    /// Where it comes from.
    pub origin: PolicyOrigin,
}

/// All that are in force, each kind by id.
#[derive(Debug, Default)]
pub struct ListedPolicies {
    /// The budgets.
    pub(super) budgets: Vec<Arc<ListedPolicy<Budget>>>,
    /// The limits.
    pub(super) limits: Vec<Arc<ListedPolicy<RateLimit>>>,
}
