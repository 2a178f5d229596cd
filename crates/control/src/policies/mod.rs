//! Which budgets and limits there are: those of the configuration, those made over the API, and those that the shorthand
//! of projects and users stands for.
//!
//! - [`check_budget`], [`check_limit`], [`check_own`]: what they may say;
//! - [`ConfiguredPolicies`]: those of the file, which have to name what is there;
//! - [`PolicyDirectory`]: all of them, and how they change. Whether there is room for a request is the engine's
//!   business.
//!
//! A policy of the database never keeps a node from starting. One that names what is not there applies once it is.

mod alerts;
mod check;
mod configured;
mod kind;
mod listed;

pub use alerts::write_policy_events;
pub use check::{check_budget, check_limit, check_own};
pub use configured::{ConfiguredPolicies, KnownTargets};
pub use kind::{PolicyKind, PolicyOwner};
pub use listed::{ListedPolicy, PolicyOrigin};

use crate::faults::{Faults, FieldFault};
use arc_swap::ArcSwap;
use baton_engine::{Engine, PolicySet};
use baton_model::entity::{Budget, BudgetRaise, ScopeValues};
use baton_model::{Actor, Code, KeyId, PublicError, Timestamp, bounds};
use baton_store::{Change, NewAudit, NewEvent, Store, StoreError, StoredPolicy};
use check::check_amount;
use listed::ListedPolicies;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The budgets and limits of one node.
pub struct PolicyDirectory {
    store: Store,
    engine: Engine,
    configured: ConfiguredPolicies,
    listed: ArcSwap<ListedPolicies>,
    /// One change or reload at a time: else an older reading could be put in force over a newer one.
    change: tokio::sync::Mutex<()>,
}

impl PolicyDirectory {
    /// The policies of the configuration and of the database; [`Self::reload`] puts them in force.
    pub fn new(store: Store, engine: Engine, configured: ConfiguredPolicies) -> Self {
        Self { store, engine, configured, listed: ArcSwap::default(), change: tokio::sync::Mutex::default() }
    }

    /// Puts in force what there is.
    ///
    /// # Errors
    /// If the database can't be read; what is in force stays.
    pub async fn reload(&self) -> Result<(), PublicError> {
        let _one = self.change.lock().await;
        self.take_over().await
    }

    /// All in force, by id.
    pub fn list<P: PolicyKind>(&self) -> Vec<Arc<ListedPolicy<P>>> {
        P::in_force(&self.listed.load()).to_vec()
    }

    /// The one in force of that id.
    ///
    /// # Errors
    /// `not_found`.
    pub fn get<P: PolicyKind>(&self, id: &str) -> Result<Arc<ListedPolicy<P>>, PublicError> {
        let listed = self.listed.load();
        let policies = P::in_force(&listed);
        let found = policies.binary_search_by(|listed| listed.policy.id().cmp(id)).ok();
        found.and_then(|at| policies.get(at)).map(Arc::clone).ok_or_else(|| unknown::<P>(id))
    }

    /// Makes one.
    ///
    /// # Errors
    /// `conflict` if its id is taken; `validation_error` if a field is wrong, or there are too many.
    pub async fn create<P: PolicyKind>(&self, policy: P, by: &Actor) -> Result<Arc<ListedPolicy<P>>, PublicError> {
        let _one = self.change.lock().await;
        let now = self.engine.clock().now();
        let policy = policy.at(now, now);
        self.check(&policy)?;
        if self.origin::<P>(policy.id()) == Some(PolicyOrigin::File) {
            let message =
                format!("the {} `{}` exists already: it is defined in the configuration file", P::KIND, policy.id());
            return Err(PublicError::new(Code::Conflict, message));
        }
        let number = self.store.policies::<P>().count().await?;
        if number >= bounds::POLICIES as u64 {
            let message = format!("there are {number} {}s, the maximum is {}: remove some", P::KIND, bounds::POLICIES);
            return Err(PublicError::new(Code::ValidationError, message));
        }
        let change = self.store.change(by).await?;
        change.policies().insert(&policy).await?;
        self.commit(change, P::ACTIONS[0], None, Some(&policy)).await?;
        self.get(policy.id())
    }

    /// Changes one that was made over the API.
    ///
    /// # Errors
    /// `not_found`; `conflict` if it comes from elsewhere, or someone else has changed it at the same time;
    /// `validation_error` if a field is wrong.
    pub async fn update<P: PolicyKind>(
        &self,
        id: &str,
        by: &Actor,
        alter: impl FnOnce(&mut P),
    ) -> Result<Arc<ListedPolicy<P>>, PublicError> {
        let _one = self.change.lock().await;
        self.alter(id, P::ACTIONS[1], by, alter).await
    }

    /// Raises a budget for a while; in the place of what it was raised by before.
    ///
    /// # Errors
    /// Those of [`Self::update`].
    pub async fn raise(
        &self,
        id: &str,
        raise: BudgetRaise,
        by: &Actor,
    ) -> Result<Arc<ListedPolicy<Budget>>, PublicError> {
        let _one = self.change.lock().await;
        let mut faults = Faults::default();
        check_amount("amount", raise.amount, &mut faults);
        if raise.until <= self.engine.clock().now() {
            faults.add("until", "must be in the future");
        }
        faults.check()?;
        self.alter(id, "budget.raise", by, |budget: &mut Budget| budget.raised = Some(raise)).await
    }

    /// Resets a budget: what was spent before now does not count.
    ///
    /// # Errors
    /// Those of [`Self::update`].
    pub async fn reset(&self, id: &str, by: &Actor) -> Result<Arc<ListedPolicy<Budget>>, PublicError> {
        let _one = self.change.lock().await;
        let now = self.engine.clock().now();
        self.alter(id, "budget.reset", by, |budget: &mut Budget| budget.reset_at = Some(now)).await
    }

    /// Removes one that was made over the API.
    ///
    /// # Errors
    /// `not_found`; `conflict` if it comes from elsewhere.
    pub async fn remove<P: PolicyKind>(&self, id: &str, by: &Actor) -> Result<(), PublicError> {
        let _one = self.change.lock().await;
        let before = self.find_stored::<P>(id).await?;
        let change = self.store.change(by).await?;
        change.policies::<P>().delete(id).await?;
        self.commit(change, P::ACTIONS[2], Some(&before), None).await
    }

    /// The models and providers that the configuration's policies name and that are neither configured nor in the
    /// database. To be asked after the providers and models were read.
    pub fn unknown_targets(&self) -> Vec<FieldFault> {
        let snapshot = self.engine.registry().snapshot();
        self.configured.unknown_targets(&KnownTargets {
            models: snapshot.models.keys().map(ToString::to_string).collect(),
            providers: snapshot.providers.keys().map(ToString::to_string).collect(),
        })
    }

    /// Warns of projects and keys that the configuration's policies name and that are not there. They may come later: a
    /// token may name any project.
    ///
    /// # Errors
    /// If the database can't be read.
    pub async fn warn_of_absent_owners(&self) -> Result<(), PublicError> {
        for (place, scope) in self.configured.scopes() {
            for (field, values) in [("project", &scope.project), ("key", &scope.key)] {
                let Some(ScopeValues::Each(values)) = values else { continue };
                for value in values {
                    let found = match field {
                        "project" => self.store.projects().get(value).await.map(drop),
                        _ => self.store.keys().get(&KeyId::from(&**value)).await.map(drop),
                    };
                    match found {
                        Err(StoreError::NotFound { .. }) => tracing::warn!(
                            "{place}.{field}: the {field} `{value}` does not exist (yet); the policy applies once it does"
                        ),
                        found => found?,
                    }
                }
            }
        }
        Ok(())
    }

    async fn alter<P: PolicyKind>(
        &self,
        id: &str,
        action: &'static str,
        by: &Actor,
        alter: impl FnOnce(&mut P),
    ) -> Result<Arc<ListedPolicy<P>>, PublicError> {
        let before = self.find_stored::<P>(id).await?;
        let (created, seen) = before.times();
        let mut after = before.clone();
        alter(&mut after);
        // The time is the version too, so it always moves.
        let after = after.at(created, self.engine.clock().now().max(Timestamp(seen.0.saturating_add(1))));
        self.check(&after)?;
        let change = self.store.change(by).await?;
        change.policies().update(&after, seen).await?;
        self.commit(change, action, Some(&before), Some(&after)).await?;
        self.get(id)
    }

    fn check<P: PolicyKind>(&self, policy: &P) -> Result<(), PublicError> {
        let mut faults = Faults::default();
        policy.check(self.engine.clock().now(), &mut faults);
        faults.check()
    }

    fn origin<P: PolicyKind>(&self, id: &str) -> Option<PolicyOrigin> {
        self.get::<P>(id).ok().map(|listed| listed.origin)
    }

    async fn find_stored<P: PolicyKind>(&self, id: &str) -> Result<P, PublicError> {
        let message = match self.origin::<P>(id) {
            Some(PolicyOrigin::File) => "is defined in the configuration file; change it there",
            Some(PolicyOrigin::Project) => "stands on its project; change the fields `budget` and `limits` there",
            Some(PolicyOrigin::User) => "stands on its user; change the fields `budget` and `limits` there",
            Some(PolicyOrigin::Api) | None => {
                return self.store.policies::<P>().get(id).await.map_err(|error| match error {
                    StoreError::NotFound { .. } => unknown::<P>(id),
                    other => other.into(),
                });
            }
        };
        Err(PublicError::new(Code::Conflict, format!("the {} `{id}` {message}", P::KIND)))
    }

    /// Tells of a change: others by an event, the audit log by an entry; and makes it true.
    async fn commit<P: PolicyKind>(
        &self,
        change: Change,
        action: &'static str,
        before: Option<&P>,
        after: Option<&P>,
    ) -> Result<(), PublicError> {
        let [created, updated, deleted] = P::EVENTS;
        let kind = match (before, after) {
            (None, _) => created,
            (Some(_), Some(_)) => updated,
            (Some(_), None) => deleted,
        };
        // Texts and exact numbers always serialise.
        let text = |policy: &P| serde_json::to_string(policy).unwrap_or_default();
        let subject = after.or(before).map(|policy| policy.id().to_owned()).unwrap_or_default();
        // Of one that is gone, what it was.
        let data = after.or(before).map(text).unwrap_or_default();
        change.add_event(NewEvent { kind, subject: subject.clone(), data, traceparent: None }).await?;
        let (before, after) = (before.map(text), after.map(text));
        change.audit(NewAudit { action, kind: P::KIND, subject, before, after }).await?;
        change.commit().await?;
        self.take_over().await
    }

    async fn take_over(&self) -> Result<(), PublicError> {
        let projects = self.store.projects().list_with_rules().await?;
        let users = self.store.users().all().await?;
        let of_projects = projects.iter().flat_map(PolicyOwner::of_project);
        let of_projects = of_projects.map(|owner| (owner, PolicyOrigin::Project));
        let of_users = users.iter().map(PolicyOwner::of_user).map(|owner| (owner, PolicyOrigin::User));
        let owners: Vec<_> = of_projects.chain(of_users).collect();
        let budgets = merge(&owners, self.store.budgets().list().await?, &self.configured.budgets);
        let limits = merge(&owners, self.store.limits().list().await?, &self.configured.limits);
        self.engine.policies().replace(PolicySet::new(
            budgets.iter().map(|listed| listed.policy.clone()),
            limits.iter().map(|listed| listed.policy.clone()),
        ));
        self.listed.store(Arc::new(ListedPolicies { budgets, limits }));
        Ok(())
    }
}

/// All policies of a kind, by id. A configured one hides a stored one of the same id.
fn merge<P: PolicyKind>(
    owners: &[(PolicyOwner, PolicyOrigin)],
    stored: Vec<P>,
    configured: &[P],
) -> Vec<Arc<ListedPolicy<P>>> {
    let of_owners = owners.iter().flat_map(|(owner, origin)| P::of_owner(owner).into_iter().map(|own| (own, *origin)));
    let stored = stored.into_iter().map(|policy| (policy, PolicyOrigin::Api));
    let configured = configured.iter().cloned().map(|policy| (policy, PolicyOrigin::File));
    let all: BTreeMap<String, Arc<ListedPolicy<P>>> = of_owners
        .chain(stored)
        .chain(configured)
        .map(|(policy, origin)| (policy.id().to_owned(), Arc::new(ListedPolicy { policy, origin })))
        .collect();
    all.into_values().collect()
}

fn unknown<P: StoredPolicy>(id: &str) -> PublicError {
    PublicError::new(Code::NotFound, format!("unknown {} `{id}`", P::KIND))
}
