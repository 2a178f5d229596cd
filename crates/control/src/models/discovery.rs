//! Taking over what providers list.

use super::ModelDirectory;
use super::plan::{self, DiscoveryPlan, PlanInput, PlanStep};
use super::report::{Conflict, Discovery, Failed};
use baton_model::{Actor, Code, Model, ProviderId, PublicError, bounds};
use baton_provider_api::{DiscoveredModel, Provider};
use baton_store::{Change, StoreError};
use std::sync::Arc;

/// How often a list is compared again because another node has changed the models meanwhile.
const ATTEMPTS: u32 = 3;

/// Providers that are asked for their lists, by id.
type Selected = Vec<(ProviderId, Arc<dyn Provider>)>;

impl ModelDirectory {
    /// Lists the models of one provider or of all providers, and registers them. A dry run reports what a real one
    /// would, and changes nothing.
    ///
    /// # Errors
    /// `not_found` if there is no such provider; whatever keeps the database from responding. A provider that fails and
    /// a model that can't be taken over are in the report instead.
    pub async fn discover(&self, provider: Option<&str>, dry_run: bool, by: &Actor) -> Result<Discovery, PublicError> {
        let providers = self.select_providers(provider)?;
        // All at once: a discovery takes as long as the slowest provider, not as long as all together.
        let replies = futures::future::join_all(providers.iter().map(|(_, provider)| provider.discover())).await;
        // Locked after the providers have replied: a slow one must not hold up changes by the API.
        let _one = self.change.lock().await;
        let mut report = Discovery::default();
        let mut lists = Vec::new();
        for ((id, _), reply) in providers.into_iter().zip(replies) {
            match reply {
                Ok(listed) => lists.push((id, listed)),
                Err(error) => {
                    tracing::warn!(provider.id = %id, error = error.chain(), "a provider could not list its models");
                    report.failed.push(Failed { provider: id, error: error.to_string() });
                }
            }
        }
        if dry_run {
            self.simulate(&lists, &mut report).await?;
            return Ok(report);
        }
        self.note_reasoning(&lists);
        let taken_over = self.take_over_all(&lists, by, &mut report).await;
        // Also after an error: what was taken over before it is in force at once.
        self.reload().await?;
        taken_over?;
        log_conflicts(&report.conflicts);
        Ok(report)
    }

    /// The providers that are asked for their lists.
    fn select_providers(&self, provider: Option<&str>) -> Result<Selected, PublicError> {
        let vendors = self.vendors.load();
        let snapshot = self.engine.registry().snapshot();
        let providers: Selected = snapshot
            .providers
            .iter()
            .filter(|(id, _)| match provider {
                Some(name) => id.as_str().eq_ignore_ascii_case(name),
                // Only a call for all leaves these out. Who names one wants its list.
                None => !vendors.unlisted.contains(*id),
            })
            .map(|(id, provider)| (id.clone(), Arc::clone(provider)))
            .collect();
        match provider {
            Some(name) if providers.is_empty() => {
                Err(PublicError::new(Code::NotFound, format!("unknown provider `{name}`")).at("provider"))
            }
            _ => Ok(providers),
        }
    }

    /// Notes which models reason, for those too that an operator registered under names of his own.
    fn note_reasoning(&self, lists: &[(ProviderId, Vec<DiscoveredModel>)]) {
        self.reasons.rcu(|known| {
            let mut known = (**known).clone();
            for (provider, listed) in lists {
                known.retain(|(of, _), _| of != provider);
                let says = listed
                    .iter()
                    .take(bounds::DISCOVERED)
                    .filter_map(|found| Some(((provider.clone(), found.upstream.clone()), found.reasoning?)));
                known.extend(says);
            }
            known
        });
    }

    /// Reports what taking over would do. Each plan is made on what the ones before it would leave, as in a real run:
    /// two providers may list the same name.
    async fn simulate(
        &self,
        lists: &[(ProviderId, Vec<DiscoveredModel>)],
        report: &mut Discovery,
    ) -> Result<(), PublicError> {
        let mut stored = self.store.models().list().await?;
        for (provider, listed) in lists {
            let plan = self.plan(&stored, provider, listed);
            plan.apply(&mut stored);
            report.merge(plan.report());
        }
        Ok(())
    }

    async fn take_over_all(
        &self,
        lists: &[(ProviderId, Vec<DiscoveredModel>)],
        by: &Actor,
        report: &mut Discovery,
    ) -> Result<(), PublicError> {
        for (provider, listed) in lists {
            report.merge(self.take_over(provider, listed, by).await?);
        }
        Ok(())
    }

    /// Makes a provider's list ours, and reports how it differed.
    async fn take_over(
        &self,
        provider: &ProviderId,
        listed: &[DiscoveredModel],
        by: &Actor,
    ) -> Result<Discovery, PublicError> {
        let mut attempt = 1;
        loop {
            // Made anew each time: what the other node has done must not be done again.
            let plan = self.plan(&self.store.models().list().await?, provider, listed);
            if let Some(done) = self.carry_out(plan, by, attempt == ATTEMPTS).await? {
                return Ok(done.report());
            }
            attempt += 1;
        }
    }

    /// Carries out a plan in one transaction, and returns what was done of it. Another node may have done the same
    /// between our reading and our writing: then nothing is done (`None`), or, the `last` time, all the rest.
    async fn carry_out(
        &self,
        mut plan: DiscoveryPlan,
        by: &Actor,
        last: bool,
    ) -> Result<Option<DiscoveryPlan>, PublicError> {
        if plan.steps.is_empty() {
            return Ok(Some(plan));
        }
        // One transaction for a provider's list: nodes never see half of it.
        let change = self.store.change(by).await?;
        for step in std::mem::take(&mut plan.steps) {
            match write(&change, &step).await {
                Ok(()) => {
                    let (before, after) = step.models();
                    self.note_change(&change, "model.discover", before, after).await?;
                    plan.steps.push(step);
                }
                Err(StoreError::Conflict { .. } | StoreError::NotFound { .. }) if !last => return Ok(None),
                Err(overtaken @ (StoreError::Conflict { .. } | StoreError::NotFound { .. })) => {
                    let (provider, listed) = step.listed_model();
                    plan.conflicts.push(Conflict { provider, listed, problem: overtaken.to_string() });
                }
                Err(error) => return Err(error.into()),
            }
        }
        change.commit().await?;
        Ok(Some(plan))
    }

    fn plan(&self, stored: &[Model], provider: &ProviderId, listed: &[DiscoveredModel]) -> DiscoveryPlan {
        let vendors = self.vendors.load();
        let now = self.engine.clock().now();
        plan::plan(&PlanInput { configured: &self.configured, stored, vendors: &vendors, now }, provider, listed)
    }
}

async fn write(change: &Change, step: &PlanStep) -> Result<(), StoreError> {
    match step {
        PlanStep::Add(model) => change.models().insert(model).await,
        PlanStep::Change(models) => change.models().update(&models.1, models.0.updated_at).await,
        PlanStep::Remove(model) => change.models().delete(&model.id).await,
    }
}

fn log_conflicts(conflicts: &[Conflict]) {
    for Conflict { provider, listed, problem } in conflicts {
        tracing::warn!(provider.id = %provider, model.upstream = listed, problem, "a listed model was not registered");
    }
}
