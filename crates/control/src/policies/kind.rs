//! In what budgets and limits differ where they are registered.

use super::check::{check_budget, check_limit};
use super::listed::{ListedPolicies, ListedPolicy};
use crate::faults::Faults;
use baton_model::entity::{Budget, OwnBudget, OwnLimits, OwnShare, PolicyScope, RateLimit, ScopeValues};
use baton_model::{EventKind, Project, Timestamp, User};
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

    /// Those that the shorthand of a project or user stands for.
    fn of_owner(owner: &PolicyOwner) -> Vec<Self>;

    /// Those in force.
    fn in_force(listed: &ListedPolicies) -> &[Arc<ListedPolicy<Self>>];
}

/// The shorthand of a project or user: what its policies are made of.
pub struct PolicyOwner {
    /// What their ids begin with.
    name: String,
    scope: PolicyScope,
    budget: Option<OwnBudget>,
    limits: Option<OwnLimits>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl PolicyOwner {
    /// A project, and each of its users and keys.
    pub fn of_project(project: &Project) -> [Self; 3] {
        let own = OwnShare { budget: project.budget, limits: project.limits };
        let scope = PolicyScope { project: Some(ScopeValues::one(project.id.as_str())), ..PolicyScope::default() };
        let of_users = PolicyScope { user: Some(ScopeValues::Any), ..scope.clone() };
        let of_keys = PolicyScope { key: Some(ScopeValues::Any), ..scope.clone() };
        let (name, no_share) = (format!("project:{}", project.id), OwnShare::default());
        let share = |share: &Option<OwnShare>| share.unwrap_or(no_share);
        [
            (name.clone(), scope, own),
            (format!("{name}:each_user"), of_users, share(&project.each_user)),
            (format!("{name}:each_key"), of_keys, share(&project.each_key)),
        ]
        .map(|(name, scope, OwnShare { budget, limits })| Self {
            name,
            scope,
            budget,
            limits,
            created_at: project.created_at,
            updated_at: project.updated_at,
        })
    }

    /// A user.
    pub fn of_user(user: &User) -> Self {
        Self {
            name: format!("user:{}", user.id),
            scope: PolicyScope { user: Some(ScopeValues::one(user.id.as_str())), ..PolicyScope::default() },
            budget: user.budget,
            limits: user.limits,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
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

    fn of_owner(owner: &PolicyOwner) -> Vec<Self> {
        let budget = owner.budget.map(|own| own.policy(&owner.name, owner.scope.clone()));
        budget.into_iter().map(|budget| budget.at(owner.created_at, owner.updated_at)).collect()
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

    fn of_owner(owner: &PolicyOwner) -> Vec<Self> {
        let limits = owner.limits.map(|own| own.policies(&owner.name, &owner.scope)).unwrap_or_default();
        limits.into_iter().map(|limit| limit.at(owner.created_at, owner.updated_at)).collect()
    }

    fn in_force(listed: &ListedPolicies) -> &[Arc<ListedPolicy<Self>>] {
        &listed.limits
    }
}
