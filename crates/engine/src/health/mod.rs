//! How each model fares: its circuit, its last errors, what is under way. In memory, per node.

mod changes;
mod circuit;
mod deployment;
mod pass;
mod provider;
mod retry_budget;
mod state;

pub use changes::{CircuitChange, CircuitChanges};
pub use circuit::{Circuit, ModelError};
pub use deployment::Deployment;
pub use pass::AttemptPermit;
pub use provider::{ProviderChanges, ProviderOutage, ProviderStanding};
pub use retry_budget::RetryBudgets;
pub use state::ModelHealth;

use baton_model::fault::{ErrorKind, Fault};
use baton_model::{Clock, Model, ModelId, ProviderId, bounds};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// When a circuit opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CircuitSettings {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open before one request tries the model again.
    pub cooldown: Duration,
}

/// How many retries a provider gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryBudgetSettings {
    /// Retries for 100 recent requests, at most 1000.
    pub percent: u16,
    /// Retries a second that it gets in any case, so that a quiet service may retry too.
    pub min_per_second: u32,
}

impl Default for RetryBudgetSettings {
    fn default() -> Self {
        Self { percent: 10, min_per_second: 3 }
    }
}

impl Default for CircuitSettings {
    fn default() -> Self {
        Self { failures: 5, cooldown: Duration::from_secs(30) }
    }
}

/// The health of all models.
pub struct HealthTracker {
    settings: CircuitSettings,
    clock: Arc<dyn Clock>,
    deployments: RwLock<HashMap<Deployment, Arc<Mutex<ModelHealth>>>>,
    changes: CircuitChanges,
    provider_changes: ProviderChanges,
}

const ERRORS_KEPT: usize = 10;
/// What a caller is asked to wait while another request tries the model.
const PROBE: Duration = Duration::from_secs(1);

impl HealthTracker {
    /// Everyone is well.
    pub fn new(settings: CircuitSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            settings,
            clock,
            deployments: RwLock::default(),
            changes: CircuitChanges::default(),
            provider_changes: ProviderChanges::default(),
        }
    }

    /// The model replied.
    pub fn record_success(&self, model: &Model) {
        let now = self.clock.now();
        // One success closes the circuit, whoever had it: a probe, or a call that began before it opened.
        self.change(model, |state| {
            state.failures_in_a_row = 0;
            state.opened = None;
            state.last_success = Some(now);
        });
    }

    /// The model failed. An error that is the caller's fault says nothing about the model.
    pub fn record_failure(&self, model: &Model, kind: ErrorKind, message: &str) {
        // Else one client with broken requests could open the circuit for all others.
        if kind.fault() == Fault::Caller {
            return;
        }
        let now = self.clock.now();
        self.change(model, |state| {
            state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
            // Set anew by each further failure: a failed probe begins the whole cooldown again.
            if state.failures_in_a_row >= self.settings.failures {
                state.opened = Some(now);
            }
            // Kept for as long as the node runs, and told in events: a provider must not decide how much that is.
            let message = bounds::truncate(message, bounds::ERROR).into_owned();
            state.last_errors.push_front(ModelError { at: now, kind, message });
            state.last_errors.truncate(ERRORS_KEPT);
        });
    }

    /// Asks for leave to try the model now. While its circuit is open nobody gets it, and one request while it is half
    /// open: a provider in trouble is left alone, and callers learn at once what they would wait for.
    ///
    /// # Errors
    /// How long until it is worth asking again.
    pub fn try_pass(&self, model: &Model) -> Result<AttemptPermit, Duration> {
        let deployments = self.deployments.read().unwrap_or_else(PoisonError::into_inner);
        // A model that nobody has tried yet is well.
        let Some(shared) = deployments.get(&Deployment::from(model)) else { return Ok(AttemptPermit { probed: None }) };
        let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(opened) = state.opened else { return Ok(AttemptPermit { probed: None }) };
        let left = self.settings.cooldown.saturating_sub(self.clock.now().since(opened));
        if !left.is_zero() {
            return Err(left);
        }
        if state.probing {
            // Its probe decides soon; nobody knows when.
            return Err(PROBE);
        }
        state.probing = true;
        Ok(AttemptPermit { probed: Some(Arc::clone(shared)) })
    }

    /// Whether the model is tried.
    pub fn circuit(&self, model: &Model) -> Circuit {
        self.circuit_of(&self.state(model))
    }

    /// Whether a model in that state is tried.
    pub fn circuit_of(&self, state: &ModelHealth) -> Circuit {
        match state.opened {
            None => Circuit::Closed,
            Some(opened) if self.clock.now().since(opened) >= self.settings.cooldown => Circuit::HalfOpen,
            Some(_) => Circuit::Open,
        }
    }

    /// What is known of the model.
    pub fn state(&self, model: &Model) -> ModelHealth {
        let deployments = self.deployments.read().unwrap_or_else(PoisonError::into_inner);
        deployments
            .get(&Deployment::from(model))
            .map(|state| state.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .unwrap_or_default()
    }

    /// Circuits that opened or closed.
    pub fn changes(&self) -> &CircuitChanges {
        &self.changes
    }

    /// Providers whose standing may have changed.
    pub fn provider_changes(&self) -> &ProviderChanges {
        &self.provider_changes
    }

    /// Whether a provider serves anything.
    pub fn provider_standing(&self, provider: &ProviderId) -> ProviderStanding {
        let deployments = self.deployments.read().unwrap_or_else(PoisonError::into_inner);
        let own = deployments.iter().filter(|(deployment, _)| deployment.provider == *provider);
        let states = own.map(|(deployment, state)| {
            (deployment.model.clone(), state.lock().unwrap_or_else(PoisonError::into_inner).clone())
        });
        ProviderStanding::of(states, self.clock.now())
    }

    /// Forgets the model.
    pub fn forget(&self, model: &ModelId) {
        self.changes.forget(model);
        let mut deployments = self.deployments.write().unwrap_or_else(PoisonError::into_inner);
        deployments.retain(|deployment, _| deployment.model != *model);
    }

    fn change(&self, model: &Model, change: impl FnOnce(&mut ModelHealth)) {
        let deployment = Deployment::from(model);
        // Nearly every request finds its model, so the write lock is taken only by the first.
        let known = self.deployments.read().unwrap_or_else(PoisonError::into_inner).get(&deployment).cloned();
        let state = known.unwrap_or_else(|| {
            let mut deployments = self.deployments.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(deployments.entry(deployment).or_default())
        });
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let was_open = state.opened.is_some();
        let (was_well, was_asked) = (state.failures_in_a_row == 0, state.last_success.is_some());
        change(&mut state);
        let is_well = state.failures_in_a_row == 0;
        let is_refused = !is_well && state.last_errors.front().is_some_and(provider::is_refusal);
        // Each probe that fails counts: another model of the provider may have been the one that replied, and was not asked since.
        let is_tried = was_open || state.opened.is_some();
        // The first success of this process counts too: the outage may have been told of by the process before.
        if is_tried || is_refused || (is_well && !(was_well && was_asked)) {
            self.provider_changes.note(&model.provider);
        }
        // Compared under the lock of the model, so that two requests note one change once.
        if was_open != state.opened.is_some() {
            self.changes.note(&model.id, self.change_of(&state));
        }
    }

    fn change_of(&self, state: &ModelHealth) -> CircuitChange {
        let circuit = if state.opened.is_some() { Circuit::Open } else { Circuit::Closed };
        let last_error = state.last_errors.front().filter(|_| circuit == Circuit::Open).cloned();
        CircuitChange { at: self.clock.now(), circuit, failures_in_a_row: state.failures_in_a_row, last_error }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use baton_model::Timestamp;
    use std::sync::atomic::{AtomicI64, Ordering};

    struct ManualClock(AtomicI64);

    impl Clock for ManualClock {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn a_circuit_opens_after_failures_in_a_row_and_is_tried_again_after_its_cooldown() {
        let clock = Arc::new(ManualClock(AtomicI64::new(0)));
        let settings = CircuitSettings { failures: 2, cooldown: Duration::from_secs(30) };
        let health = HealthTracker::new(settings, Arc::clone(&clock) as Arc<dyn Clock>);
        let model = Model::new("m", "p");
        health.record_failure(&model, ErrorKind::Internal, "broke");
        health.record_failure(&model, ErrorKind::InvalidRequest, "the caller's fault");
        assert_eq!(health.circuit(&model), Circuit::Closed);
        health.record_failure(&model, ErrorKind::Timeout, "slow");
        assert_eq!(health.circuit(&model), Circuit::Open);
        assert_eq!(health.try_pass(&model).err(), Some(Duration::from_secs(30)));
        clock.0.store(30_000_000, Ordering::Relaxed);
        assert_eq!(health.circuit(&model), Circuit::HalfOpen);
        let probe = health.try_pass(&model).ok().unwrap();
        assert_eq!(health.try_pass(&model).err(), Some(PROBE), "one request tries it");
        drop(probe);
        assert!(health.try_pass(&model).is_ok(), "a probe that decided nothing makes room for the next");
        assert!(health.try_pass(&Model::new("m", "q")).is_ok(), "another provider's model of that name is another");
        health.record_success(&model);
        assert_eq!(health.circuit(&model), Circuit::Closed);
        assert_eq!(health.state(&model).last_errors.len(), 2);
    }

    #[test]
    fn the_last_change_of_each_circuit_is_noted() {
        let settings = CircuitSettings { failures: 2, cooldown: Duration::from_secs(30) };
        let health = HealthTracker::new(settings, Arc::new(ManualClock(AtomicI64::new(7))));
        let (model, other) = (Model::new("m", "p"), Model::new("other", "p"));
        health.record_success(&model);
        health.record_failure(&model, ErrorKind::Timeout, "slow");
        assert!(health.changes().take().is_empty(), "its circuit is as it was");
        for _ in 0..3 {
            health.record_failure(&model, ErrorKind::Timeout, "slow");
            health.record_failure(&other, ErrorKind::Internal, "broke");
        }
        health.forget(&other.id);
        let error = ModelError { at: Timestamp(7), kind: ErrorKind::Timeout, message: "slow".into() };
        let opened =
            CircuitChange { at: Timestamp(7), circuit: Circuit::Open, failures_in_a_row: 2, last_error: Some(error) };
        assert_eq!(health.changes().take().into_iter().collect::<Vec<_>>(), [(model.id.clone(), opened)]);
        health.record_success(&model);
        let closed = health.changes().take().remove(&model.id).map(|change| (change.circuit, change.last_error));
        assert_eq!(closed, Some((Circuit::Closed, None)));
    }
}
