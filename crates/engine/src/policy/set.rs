//! The policies at one moment, found by what a request has.

use super::compiled::{Policy, PolicyKind};
use baton_model::entity::{Budget, OwnPolicies, PolicyScope, RateLimit, ScopeValues};
use baton_model::record::Attribution;
use std::collections::HashMap;
use std::sync::Arc;

type Indexed = HashMap<Arc<str>, Vec<Arc<Policy>>>;

/// The policies at one moment. What a request has to keep to is found in as many steps as that is.
#[derive(Default)]
pub struct PolicySet {
    budgets: Vec<Arc<Budget>>,
    limits: Vec<Arc<RateLimit>>,
    by_id: HashMap<(PolicyKind, String), Vec<Arc<Policy>>>,
    by_key: Indexed,
    by_user: Indexed,
    by_project: Indexed,
    by_run: Indexed,
    by_tag: Indexed,
    /// Those that no value leads to: for everything, for a counter of each value, for models and providers.
    others: Vec<Arc<Policy>>,
    /// Whether any is for runs.
    counts_runs: bool,
}

impl PolicySet {
    /// These policies. Each id is there once; the budget of a time zone that nobody knows counts in UTC.
    pub fn new(budgets: impl IntoIterator<Item = Budget>, limits: impl IntoIterator<Item = RateLimit>) -> Self {
        let mut set = Self {
            budgets: budgets.into_iter().map(Arc::new).collect(),
            limits: limits.into_iter().map(Arc::new).collect(),
            ..Self::default()
        };
        let of_budgets = set.budgets.iter().map(|budget| Policy::of_budget(Budget::clone(budget)));
        let of_limits = set.limits.iter().flat_map(|limit| Policy::of_limit(limit));
        let all: Vec<Arc<Policy>> = of_budgets.chain(of_limits).map(Arc::new).collect();
        for policy in all {
            set.counts_runs |= policy.scope.run.is_some();
            set.by_id.entry((policy.kind, policy.id.clone())).or_default().push(Arc::clone(&policy));
            set.index(policy);
        }
        set
    }

    /// Puts it where the fewest requests look.
    fn index(&mut self, policy: Arc<Policy>) {
        let PolicyScope { project, key, user, tag, run, .. } = &policy.scope;
        let places = [
            (&mut self.by_key, key),
            (&mut self.by_run, run),
            (&mut self.by_user, user),
            (&mut self.by_project, project),
            (&mut self.by_tag, tag),
        ];
        let named = places.into_iter().find_map(|(index, values)| match values {
            Some(ScopeValues::Each(values)) => Some((index, values)),
            _ => None,
        });
        match named {
            Some((index, values)) => {
                for value in values {
                    index.entry(Arc::clone(value)).or_default().push(Arc::clone(&policy));
                }
            }
            None => self.others.push(policy),
        }
    }

    /// The budgets.
    pub fn budgets(&self) -> &[Arc<Budget>] {
        &self.budgets
    }

    /// The limits.
    pub fn limits(&self) -> &[Arc<RateLimit>] {
        &self.limits
    }

    /// Whether any of them is for runs, so that each request has to name its own.
    pub fn counts_runs(&self) -> bool {
        self.counts_runs
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The policies of an id: a limit may set several measures.
    pub fn of_id(&self, kind: PolicyKind, id: &str) -> &[Arc<Policy>] {
        self.by_id.get(&(kind, id.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// All that a request may have to keep to, as far as that is known before it is routed.
    pub fn concerning(&self, of: &Attribution, own: Option<&KeyPolicies>) -> Vec<Arc<Policy>> {
        let found = |index: &'_ Indexed, value: Option<&str>| -> Vec<Arc<Policy>> {
            // Nearly always there is nothing, and nothing is hashed.
            if index.is_empty() { None } else { value.and_then(|value| index.get(value)) }.cloned().unwrap_or_default()
        };
        let mut all = found(&self.by_key, of.key.as_ref().map(|key| key.as_str()));
        all.append(&mut found(&self.by_user, of.user.as_deref()));
        all.append(&mut found(&self.by_project, of.project.as_deref()));
        all.append(&mut found(&self.by_run, of.run()));
        if !self.by_tag.is_empty() {
            for tag in &of.tags {
                for policy in found(&self.by_tag, Some(tag)) {
                    // Two tags of one request may lead to the same policy.
                    if !all.iter().any(|known| Arc::ptr_eq(known, &policy)) {
                        all.push(policy);
                    }
                }
            }
        }
        all.extend(self.others.iter().chain(own.map_or(&[][..], |own| &own.policies)).cloned());
        all.retain(|policy| policy.may_concern(of));
        all
    }
}

/// The policies that a key brings with it.
pub struct KeyPolicies {
    /// What they are made of.
    source: Arc<OwnPolicies>,
    policies: Vec<Arc<Policy>>,
}

impl KeyPolicies {
    /// Made ready.
    pub fn new(source: &Arc<OwnPolicies>) -> Self {
        let budgets = source.budget.iter().cloned().map(Policy::of_budget);
        let limits = source.limits.iter().flat_map(Policy::of_limit);
        Self { source: Arc::clone(source), policies: budgets.chain(limits).map(Arc::new).collect() }
    }

    /// Whether they are made of this.
    pub fn are_of(&self, source: &Arc<OwnPolicies>) -> bool {
        Arc::ptr_eq(&self.source, source)
    }

    /// The policies.
    pub fn policies(&self) -> &[Arc<Policy>] {
        &self.policies
    }
}
