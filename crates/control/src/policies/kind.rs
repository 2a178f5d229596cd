//! In what budgets and limits differ where they are registered.

use super::check::{check_budget, check_limit};
use super::listed::{ListedPolicies, ListedPolicy};
use crate::faults::Faults;
use baton_model::entity::{Budget, PolicyScope, RateLimit, ScopeValues};
use baton_model::{EventKind, Project, Timestamp};
use baton_store::StoredPolicy;
use std::sync::Arc;

/// A kind of policy that can be registered.
pub trait PolicyKind: StoredPolicy + Clone + Send + Sync + 'static {
    /// The events of one that was made, changed, removed.
    const EVENTS: [EventKind; 3];
    /// The same in the audit log.
    const ACTIONS: [&'static str; 3];

    /// Notes every field that is wrong.
    fn check(&self, now: Timestamp, faults: &mut Faults);

    /// Which requests it is for.
    fn scope(&self) -> &PolicyScope;

    /// The same, made and changed at these times.
    #[must_use]
    fn at(self, created: Timestamp, updated: Timestamp) -> Self;

    /// Those that a project's shorthand stands for.
    fn of_project(project: &Project) -> Vec<Self>;

    /// Those in force.
    fn in_force(listed: &ListedPolicies) -> &[Arc<ListedPolicy<Self>>];
}

/// What the ids begin with that a project's shorthand makes.
pub(super) const OF_PROJECTS: &str = "project:";

fn owner(project: &Project) -> (String, PolicyScope) {
    let scope = PolicyScope { project: Some(ScopeValues::one(project.id.as_str())), ..PolicyScope::default() };
    (format!("{OF_PROJECTS}{}", project.id), scope)
}

impl PolicyKind for Budget {
    const EVENTS: [EventKind; 3] = [EventKind::BudgetCreated, EventKind::BudgetUpdated, EventKind::BudgetDeleted];
    const ACTIONS: [&'static str; 3] = ["budget.create", "budget.update", "budget.delete"];

    fn check(&self, now: Timestamp, faults: &mut Faults) {
        check_budget(self, now, faults);
    }

    fn scope(&self) -> &PolicyScope {
        &self.scope
    }

    fn at(self, created_at: Timestamp, updated_at: Timestamp) -> Self {
        Self { created_at, updated_at, ..self }
    }

    fn of_project(project: &Project) -> Vec<Self> {
        let (name, scope) = owner(project);
        let budget = project.budget.map(|own| own.policy(&name, scope));
        budget.into_iter().map(|budget| budget.at(project.created_at, project.updated_at)).collect()
    }

    fn in_force(listed: &ListedPolicies) -> &[Arc<ListedPolicy<Self>>] {
        &listed.budgets
    }
}

impl PolicyKind for RateLimit {
    const EVENTS: [EventKind; 3] = [EventKind::LimitCreated, EventKind::LimitUpdated, EventKind::LimitDeleted];
    const ACTIONS: [&'static str; 3] = ["limit.create", "limit.update", "limit.delete"];

    fn check(&self, _now: Timestamp, faults: &mut Faults) {
        check_limit(self, faults);
    }

    fn scope(&self) -> &PolicyScope {
        &self.scope
    }

    fn at(self, created_at: Timestamp, updated_at: Timestamp) -> Self {
        Self { created_at, updated_at, ..self }
    }

    fn of_project(project: &Project) -> Vec<Self> {
        let (name, scope) = owner(project);
        let limits = project.limits.map(|own| own.policies(&name, &scope)).unwrap_or_default();
        limits.into_iter().map(|limit| limit.at(project.created_at, project.updated_at)).collect()
    }

    fn in_force(listed: &ListedPolicies) -> &[Arc<ListedPolicy<Self>>] {
        &listed.limits
    }
}
