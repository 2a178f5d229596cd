//! Whether a provider serves anything, by how its models fare.

use super::circuit::ModelError;
use super::state::ModelHealth;
use baton_model::fault::ErrorKind;
use baton_model::{ModelId, ProviderId, Timestamp};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// How long ago a model's last reply or error may be for it to say something about its provider.
const LATELY: Duration = Duration::from_secs(600);

/// Whether a provider serves anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderStanding {
    /// One of its models that were asked lately is tried, or none was asked.
    Available,
    /// None of its models that were asked lately is tried.
    Unavailable(ProviderOutage),
}

/// Why a provider serves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderOutage {
    /// Whether it refused its key for each of them.
    pub is_key_refused: bool,
    /// Its models that were asked lately.
    pub models: Vec<ModelId>,
    /// The last error of all of them.
    pub last_error: Option<ModelError>,
}

/// The providers whose standing may have changed: never more than there are providers.
#[derive(Default)]
pub struct ProviderChanges {
    waiting: Mutex<BTreeSet<ProviderId>>,
    arrived: Notify,
}

// === impl ProviderStanding ===

impl ProviderStanding {
    /// The standing of a provider with these models.
    pub(super) fn of(models: impl IntoIterator<Item = (ModelId, ModelHealth)>, now: Timestamp) -> Self {
        let mut outage = ProviderOutage { is_key_refused: true, models: Vec::new(), last_error: None };
        for (model, health) in models {
            let error = health.last_errors.front().cloned();
            let last = error.as_ref().map(|error| error.at).max(health.last_success);
            if last.is_none_or(|last| now.since(last) > LATELY) {
                continue;
            }
            // One model that the key is not good for is no outage: another that replies keeps the provider available.
            let is_refused = health.failures_in_a_row > 0 && error.as_ref().is_some_and(is_refusal);
            if health.opened.is_none() && !is_refused {
                return Self::Available;
            }
            outage.is_key_refused &= is_refused;
            outage.models.push(model);
            if outage.last_error.as_ref().map(|error| error.at) < error.as_ref().map(|error| error.at) {
                outage.last_error = error;
            }
        }
        outage.models.sort();
        // Nobody knows anything about a provider that nobody has asked.
        if outage.models.is_empty() { Self::Available } else { Self::Unavailable(outage) }
    }
}

/// Whether the provider refused Baton's key.
pub(super) fn is_refusal(error: &ModelError) -> bool {
    matches!(error.kind, ErrorKind::Authentication | ErrorKind::Permission)
}

// === impl ProviderChanges ===

impl ProviderChanges {
    /// Notes that the standing may have changed. This is on the way of requests: it waits for nobody.
    pub(super) fn note(&self, provider: &ProviderId) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(provider.clone());
        self.arrived.notify_one();
    }

    /// Takes what there is, perhaps nothing.
    pub fn take(&self) -> BTreeSet<ProviderId> {
        std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns when there may be something.
    pub async fn wait_for_changes(&self) {
        self.arrived.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    fn failed(kind: ErrorKind, seconds: i64, is_open: bool) -> ModelHealth {
        ModelHealth {
            failures_in_a_row: 1,
            opened: is_open.then(|| at(seconds)),
            last_errors: VecDeque::from([ModelError { at: at(seconds), kind, message: "no".into() }]),
            ..ModelHealth::default()
        }
    }

    fn replied(seconds: i64) -> ModelHealth {
        ModelHealth { last_success: Some(at(seconds)), ..ModelHealth::default() }
    }

    #[test]
    fn a_provider_is_unavailable_if_all_that_was_asked_lately_is() {
        let check = |models: Vec<ModelHealth>, expected: Option<(bool, usize)>| {
            let named = models.into_iter().enumerate().map(|(n, health)| (ModelId::from(n.to_string()), health));
            let found = match ProviderStanding::of(named, at(1_000)) {
                ProviderStanding::Available => None,
                ProviderStanding::Unavailable(outage) => Some((outage.is_key_refused, outage.models.len())),
            };
            assert_eq!(found, expected);
        };
        check(Vec::new(), None);
        check(vec![ModelHealth::default()], None);
        check(vec![failed(ErrorKind::Timeout, 990, false)], None);
        check(vec![failed(ErrorKind::Timeout, 990, true)], Some((false, 1)));
        check(vec![failed(ErrorKind::Timeout, 990, true), replied(980)], None);
        // What replied long ago says nothing about now.
        check(vec![failed(ErrorKind::Timeout, 990, true), replied(399)], Some((false, 1)));
        check(vec![failed(ErrorKind::Timeout, 399, true)], None);
        check(vec![failed(ErrorKind::Authentication, 990, false)], Some((true, 1)));
        check(vec![failed(ErrorKind::Permission, 990, false), replied(700)], None);
        check(
            vec![failed(ErrorKind::Authentication, 990, false), failed(ErrorKind::Overloaded, 980, true)],
            Some((false, 2)),
        );
        // It was refused once and has replied since.
        let recovered = ModelHealth {
            last_success: Some(at(995)),
            failures_in_a_row: 0,
            ..failed(ErrorKind::Permission, 990, false)
        };
        check(vec![recovered], None);
    }
}
