//! What counters say, without taking of them: for those who look, and beside the ledger.

use super::compiled::{Policy, PolicyCounter, PolicyKind};
use super::limiter::Limiter;
use super::reading::{CounterReading, VerifiedCount};
use baton_kv::{Count, Window};
use baton_model::Caller;
use baton_model::record::Attribution;
use baton_store::StoreError;
use std::sync::{Arc, PoisonError};

impl Limiter {
    /// What the counters of a policy say, by its id: its only one, or those of values that were asked for. Reads the ledger
    /// where nobody has asked yet.
    ///
    /// # Errors
    /// If the ledger has to be read and can't be: what is not known must not look like nothing.
    pub async fn read(
        &self,
        policy: &Policy,
        counters: impl IntoIterator<Item = PolicyCounter>,
    ) -> Result<Vec<CounterReading>, StoreError> {
        let now = self.clock.now();
        let mut readings = Vec::new();
        for counter in counters {
            let window = policy.window_at(now);
            let count = match self.counters.read(&counter.name, window, now).await {
                Some(count) => count,
                None => {
                    let spent = self.spent.read(policy, &counter, window).await?;
                    let spent = spent.iter().fold(0_u64, |sum, (_, amount)| sum.saturating_add(*amount));
                    Count { spent, held: 0 }
                }
            };
            readings.push(CounterReading {
                values: counter.values,
                limit: policy.amount_at(now),
                spent: count.spent,
                reserved: count.held,
                resets_at: match window {
                    Window::Period { end, .. } => end,
                    Window::Held | Window::Sliding(_) => None,
                },
            });
        }
        Ok(readings)
    }

    /// What the counters of a policy say, by its id: its only one, or those that were asked for since the start. A limit has them for each
    /// measure.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub async fn read_known(&self, kind: PolicyKind, id: &str) -> Result<Vec<CounterReading>, StoreError> {
        let set = self.set();
        let mut readings = Vec::new();
        for policy in set.of_id(kind, id) {
            readings.append(&mut self.read(policy, self.known_counters(policy)).await?);
        }
        Ok(readings)
    }

    /// The only counter of a policy, or those that were asked for since the start.
    pub fn known_counters(&self, policy: &Policy) -> Vec<PolicyCounter> {
        if let Some(only) = policy.only_counter() {
            return vec![only];
        }
        let active = self.active.read().unwrap_or_else(PoisonError::into_inner);
        let mut known: Vec<PolicyCounter> = active
            .values()
            .filter(|(id, counter)| *id == policy.id && policy.owns(counter))
            .map(|(_, counter)| counter.clone())
            .collect();
        known.sort_unstable_by(|a, b| a.values.cmp(&b.values));
        known
    }

    /// What a caller has to keep to, and how it stands, without reserving anything.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub async fn standing(
        &self,
        caller: &Caller,
        of: &Attribution,
    ) -> Result<Vec<(Arc<Policy>, Vec<CounterReading>)>, StoreError> {
        let Some(concern) = self.concern(caller, of, None) else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for policy in concern.policies.iter().filter(|policy| policy.is_own_of(caller)) {
            // Which counter of models it is nobody knows before a request names one.
            let counters = if policy.scope.needs_target() { Vec::new() } else { policy.counters(of, None) };
            all.push((Arc::clone(policy), self.read(policy, counters).await?));
        }
        Ok(all)
    }

    /// What the known counters of a policy say, beside what the ledger does. `repair`: those that differ are read from the ledger when they
    /// are asked for next.
    ///
    /// # Errors
    /// If the database is unavailable.
    pub async fn verify(&self, kind: PolicyKind, id: &str, repair: bool) -> Result<Vec<VerifiedCount>, StoreError> {
        let mut verified = Vec::new();
        for policy in self.set().of_id(kind, id) {
            for counter in self.known_counters(policy) {
                let ledger = self.recount(policy, &counter).await?;
                for reading in self.read(policy, [counter.clone()]).await? {
                    let count = VerifiedCount { values: reading.values, spent: reading.spent, ledger };
                    if repair && !count.is_consistent() {
                        self.counters.forget(&counter.name).await;
                    }
                    verified.push(count);
                }
            }
        }
        Ok(verified)
    }

    /// What the ledger says of a counter, whatever the counter says.
    ///
    /// # Errors
    /// If the database is unavailable.
    async fn recount(&self, policy: &Policy, counter: &PolicyCounter) -> Result<u64, StoreError> {
        let spent = self.spent.read(policy, counter, policy.window_at(self.clock.now())).await?;
        Ok(spent.iter().fold(0, |sum, (_, amount)| sum.saturating_add(*amount)))
    }
}
