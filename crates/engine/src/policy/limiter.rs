//! Reserving what requests may take of budgets and limits.

use super::compiled::{Policy, PolicyCounter, PolicyKind};
use super::refusal::{Refusal, exhausted, unpriced, unreadable};
use super::reservation::{Overrun, PolicyStanding, Reservation, ReservedAmount};
use super::run_budget::RunBudget;
use super::set::{KeyPolicies, PolicySet};
use super::spending::SpendingChanges;
use super::spent::SpentReader;
use arc_swap::ArcSwap;
use baton_kv::{Counters, MemoryCounters, NotTaken, Take, Window};
use baton_meter::price::{UsageBound, cost_at_most};
use baton_model::entity::{FailMode, Measure, PolicyMode, WhenUnpriced};
use baton_model::record::{AttemptRecord, Attribution};
use baton_model::{Caller, Clock, KeyId, Model, Price, PublicError, Timestamp};
use baton_store::StoreError;
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Counters in memory at most; about 200 bytes each.
const COUNTERS: usize = 200_000;
/// Keys whose policies are kept ready at most.
const KEYS: usize = 200_000;
/// How long the ledger may take to say what was spent. A request waits for it only where a counter is asked for the first time.
const READING: Duration = Duration::from_secs(5);
/// How often counters are taken of anew that were unknown, or had gone over to the next period. Each time something else must have
/// come in between.
const TRIES: usize = 8;
/// At once so many counters are read from the ledger.
const READERS: usize = 16;

/// The budgets and limits in force, and what is counted against them.
pub struct Limiter {
    set: ArcSwap<PolicySet>,
    /// The policies of keys that were asked for lately.
    keys: RwLock<HashMap<KeyId, Arc<KeyPolicies>>>,
    pub(super) counters: Arc<dyn Counters>,
    /// What stands in for counters that nodes share, while those are away.
    own: Arc<dyn Counters>,
    pub(super) spent: SpentReader,
    pub(super) clock: Arc<dyn Clock>,
    spending: SpendingChanges,
    /// The counters of policies that have several, by their names, that were asked for since the start.
    pub(super) active: RwLock<HashMap<Arc<str>, (String, PolicyCounter)>>,
    /// One reader for each counter at a time, by its name: a hundred requests that begin together ask the ledger once.
    reading: [tokio::sync::Mutex<()>; READERS],
}

/// What a request has to keep to.
pub struct Concern {
    pub(super) policies: Vec<Arc<Policy>>,
}

/// The most that an attempt may take.
#[derive(Debug, Clone)]
pub struct AttemptNeed {
    /// What it uses.
    pub usage: UsageBound,
    /// Whether the vendor bills nothing for it.
    pub is_free: bool,
}

impl Limiter {
    /// A limiter without policies, that counts in those counters.
    pub fn new(counters: Option<Arc<dyn Counters>>, spent: SpentReader, clock: Arc<dyn Clock>) -> Self {
        let own: Arc<dyn Counters> = Arc::new(MemoryCounters::new(COUNTERS));
        Self {
            set: ArcSwap::default(),
            keys: RwLock::default(),
            counters: counters.unwrap_or_else(|| Arc::clone(&own)),
            own,
            spent,
            clock,
            spending: SpendingChanges::default(),
            active: RwLock::default(),
            reading: Default::default(),
        }
    }

    /// What is in force now.
    pub fn set(&self) -> Arc<PolicySet> {
        self.set.load_full()
    }

    /// Puts another set in force; requests under way keep to the one that they took.
    pub fn replace(&self, set: PolicySet) {
        self.set.store(Arc::new(set));
    }

    /// What a request has to keep to, with the budget that it gives to its run; `None`: nothing.
    pub fn concern(&self, caller: &Caller, of: &Attribution, run: Option<&RunBudget>) -> Option<Concern> {
        let set = self.set.load();
        let own = self.policies_of_key(caller);
        if set.is_empty() && own.is_none() && run.is_none() {
            return None;
        }
        let mut policies = set.concerning(of, own.as_deref());
        if let (Some(budget), Some(run)) = (run, of.run()) {
            policies.extend(budget.policies(&Arc::from(run)).map(Arc::new));
        }
        (!policies.is_empty()).then_some(Concern { policies })
    }

    /// The policies that a key brings with it, ready.
    fn policies_of_key(&self, caller: &Caller) -> Option<Arc<KeyPolicies>> {
        let (source, key) = (caller.policies.as_ref()?, caller.key.as_ref()?);
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        if let Some(known) = known.filter(|known| known.are_of(source)) {
            return Some(known);
        }
        let ready = Arc::new(KeyPolicies::new(source));
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS && !keys.contains_key(key) {
            keys.clear();
        }
        keys.insert(key.clone(), Arc::clone(&ready));
        Some(ready)
    }

    /// Reserves what every request takes, wherever it is sent: itself.
    ///
    /// # Errors
    /// `rate_limit_exceeded`; `overloaded` if what was spent can't be known.
    pub async fn admit(
        &self,
        concern: &Concern,
        caller: &Caller,
        of: &Attribution,
    ) -> Result<Reservation, PublicError> {
        let is_for = |policy: &Policy| {
            matches!(policy.measure, Measure::Requests | Measure::Concurrency) && !policy.scope.needs_target()
        };
        let reserved =
            self.reserve(concern, caller, is_for, |policy| policy.counters(of, None), |_, _| Ok(Some(1))).await;
        reserved.map_err(|refusal| refusal.error)
    }

    /// Reserves what an attempt may take at most: tokens and money, and itself where a policy asks which model serves it.
    ///
    /// # Errors
    /// `budget_exceeded`, `rate_limit_exceeded`; `overloaded` if what was spent can't be known.
    pub async fn reserve_attempt(
        &self,
        concern: &Concern,
        caller: &Caller,
        of: &Attribution,
        model: &Model,
        need: &AttemptNeed,
    ) -> Result<Reservation, Refusal> {
        let is_for = |policy: &Policy| {
            !matches!(policy.measure, Measure::Requests | Measure::Concurrency) || policy.scope.needs_target()
        };
        let amount = |policy: &Policy, now| need.amount(policy, model.price.as_ref(), now);
        self.reserve(concern, caller, is_for, |policy| policy.counters(of, Some(model)), amount).await
    }

    /// Counts what an attempt has used in place of what was reserved for it.
    pub fn settle_attempt(&self, reservation: Reservation, attempt: &AttemptRecord) -> Vec<Overrun> {
        let budgets = reservation.budgets();
        let overruns = reservation.settle_attempt(attempt);
        // Behind it: whoever looks finds what was spent.
        for (policy, counter) in &budgets {
            self.spending.note(policy, counter, false);
        }
        overruns
    }

    /// The counters of budgets that have changed, and those of limits that are exceeded.
    pub fn spending(&self) -> &SpendingChanges {
        &self.spending
    }

    async fn reserve(
        &self,
        concern: &Concern,
        caller: &Caller,
        is_for: impl Fn(&Policy) -> bool,
        counters: impl Fn(&Policy) -> Vec<PolicyCounter>,
        amount: impl Fn(&Policy, Timestamp) -> Result<Option<u64>, PublicError>,
    ) -> Result<Reservation, Refusal> {
        let wanted: Vec<(Arc<Policy>, Arc<PolicyCounter>)> = concern
            .policies
            .iter()
            .filter(|policy| is_for(policy))
            .flat_map(|policy| counters(policy).into_iter().map(|counter| (Arc::clone(policy), Arc::new(counter))))
            .collect();
        wanted.iter().for_each(|(policy, counter)| self.note_active(policy, counter));
        let mut now = self.clock.now();
        if wanted.is_empty() {
            return Ok(Reservation::at(now));
        }
        // Counters that can't be read though they must be; the ones of this node stand in for them.
        let mut away = false;
        for _ in 0..TRIES {
            let amounts = amounts(&wanted, now, if away { self.counters.nodes() } else { NonZeroU64::MIN }, &amount)?;
            let place = if away { &self.own } else { &self.counters };
            let takes: Vec<Take> = amounts.iter().map(ReservedAmount::take).collect();
            match place.take(&takes, now).await {
                Ok(lease) => {
                    let mut reservation = Reservation::at(now);
                    reservation.add(Arc::clone(place), lease, amounts);
                    for (policy, counter) in reservation.note_exceeded() {
                        self.spending.note(&policy, &counter, true);
                    }
                    return Ok(reservation);
                }
                Err(NotTaken::Past(begun)) => now = now.max(begun),
                Err(NotTaken::Unknown(places)) => {
                    for at in places {
                        let Some(reserved) = amounts.get(at) else { continue };
                        self.seed(place, reserved, now).await.map_err(|()| unreadable(&reserved.policy))?;
                    }
                    // Reading takes a while, and may go over the end of a period.
                    now = now.max(self.clock.now());
                }
                Err(NotTaken::Exhausted { take, count, room_at }) => {
                    let Some(reserved) = amounts.get(take) else { break };
                    self.spending.note(&reserved.policy, &reserved.counter, true);
                    return Err(exhausted(reserved, count, room_at, caller, now));
                }
                Err(NotTaken::Away) => {
                    let closed = wanted.iter().find(|(policy, _)| policy.fail == FailMode::Closed);
                    if let Some((policy, _)) = closed {
                        return Err(unreadable(policy).into());
                    }
                    away = true;
                }
            }
        }
        let (policy, _) = wanted.first().ok_or_else(|| PublicError::new(baton_model::Code::Internal, "no policy"))?;
        Err(unreadable(policy).into())
    }

    /// Reads from the ledger what was spent of a counter, and says so to the counters.
    async fn seed(&self, place: &Arc<dyn Counters>, reserved: &ReservedAmount, now: Timestamp) -> Result<(), ()> {
        let name = reserved.name();
        // The wait for others belongs to the time: else the last of many would wait for all of theirs.
        let reading = tokio::time::timeout(READING, async {
            let one = self.reader_of(&name).lock().await;
            // Another request may have done it meanwhile.
            if place.read(&name, reserved.window, now).await.is_some() {
                return Ok(None);
            }
            let spent = self.spent.read(&reserved.policy, &reserved.counter, reserved.window).await?;
            Ok::<_, StoreError>(Some((one, spent)))
        });
        // Held until the counter is seeded.
        let (_one, spent) = match reading.await {
            Ok(Ok(None)) => return Ok(()),
            Ok(Ok(Some((one, spent)))) => (Some(one), spent),
            failed => {
                let error = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => "the ledger takes too long".to_owned(),
                };
                tracing::error!(policy.id = reserved.policy.id, error, "what was spent of a policy can't be read");
                match reserved.policy.fail {
                    FailMode::Closed => return Err(()),
                    // As if nothing had been spent: that is what whoever chose `local` prefers to a refusal.
                    FailMode::Local => (None, Vec::new()),
                }
            }
        };
        place.seed(&name, reserved.window, &spent, now).await;
        Ok(())
    }

    fn reader_of(&self, name: &str) -> &tokio::sync::Mutex<()> {
        let number: usize = name.bytes().map(usize::from).sum();
        let [first, ..] = &self.reading;
        self.reading.get(number % READERS).unwrap_or(first)
    }

    /// Remembers a counter of a policy that has several, for those who list them.
    fn note_active(&self, policy: &Policy, counter: &PolicyCounter) {
        // The only counter of a policy has the policy's own name.
        if policy.has_one_counter()
            || policy.is_brought
            || self.active.read().unwrap_or_else(PoisonError::into_inner).contains_key(&counter.name)
        {
            return;
        }
        let mut active = self.active.write().unwrap_or_else(PoisonError::into_inner);
        if active.len() >= COUNTERS {
            active.clear();
        }
        active.insert(Arc::clone(&counter.name), (policy.id.clone(), counter.clone()));
    }
}

impl AttemptNeed {
    /// How much an attempt may take at most of what a policy counts; `None`: the policy has nothing to do with it.
    fn amount(&self, policy: &Policy, price: Option<&Price>, now: Timestamp) -> Result<Option<u64>, PublicError> {
        let bound = &self.usage;
        Ok(Some(match policy.measure {
            Measure::Requests | Measure::Concurrency => 1,
            Measure::InputTokens => bound.input,
            Measure::OutputTokens => bound.output,
            Measure::Tokens => bound.input.saturating_add(bound.output),
            Measure::Cost if self.is_free => 0,
            Measure::Cost => {
                let cost = match (cost_at_most(bound, price, now), &policy.when_unpriced) {
                    (Err(_), WhenUnpriced::Price(own)) => cost_at_most(bound, Some(own), now),
                    (cost, _) => cost,
                };
                match (cost, &policy.when_unpriced) {
                    (Ok(cost), _) => u64::try_from(cost.0).unwrap_or(0),
                    (Err(_), WhenUnpriced::Allow) => 0,
                    (Err(_), _) if policy.mode == PolicyMode::Soft => 0,
                    (Err(reason), _) => return Err(unpriced(policy, &reason.to_string())),
                }
            }
        }))
    }
}

/// What to take of each counter, at a time.
fn amounts(
    wanted: &[(Arc<Policy>, Arc<PolicyCounter>)],
    now: Timestamp,
    shared_among: NonZeroU64,
    amount: &impl Fn(&Policy, Timestamp) -> Result<Option<u64>, PublicError>,
) -> Result<Vec<ReservedAmount>, PublicError> {
    let mut amounts = Vec::with_capacity(wanted.len());
    for (policy, counter) in wanted.iter().filter(|(policy, _)| policy.has_begun(now)) {
        let Some(amount) = amount(policy, now)? else { continue };
        let reserved = ReservedAmount {
            policy: Arc::clone(policy),
            counter: Arc::clone(counter),
            window: policy.window_at(now),
            limit: policy.amount_at(now) / shared_among,
            amount,
            is_burst: false,
        };
        let burst = policy.burst.map(|(limit, length)| ReservedAmount {
            window: Window::Sliding(length),
            limit: (limit / shared_among).max(1),
            is_burst: true,
            ..reserved.clone()
        });
        amounts.extend(std::iter::once(reserved).chain(burst));
    }
    Ok(amounts)
}

impl ReservedAmount {
    /// The name of the counter.
    fn name(&self) -> Arc<str> {
        if self.is_burst { Policy::burst_name(&self.counter.name) } else { Arc::clone(&self.counter.name) }
    }

    fn take(&self) -> Take {
        let limit = (self.policy.mode == PolicyMode::Hard).then_some(self.limit);
        Take { counter: self.name(), window: self.window, limit, amount: self.amount }
    }
}

impl Reservation {
    /// Notes what is soft and exceeded. Returns the limits among it, with the counter of each; what a budget has spent is seen when
    /// the attempt is settled.
    fn note_exceeded(&mut self) -> Vec<(Arc<Policy>, Arc<PolicyCounter>)> {
        let exceeded: Vec<PolicyStanding> = self
            .standings()
            .filter(|standing| {
                let PolicyStanding { policy, count, limit, .. } = standing;
                policy.mode == PolicyMode::Soft && count.spent.saturating_add(count.held) > *limit
            })
            .collect();
        self.warnings = exceeded
            .iter()
            .map(|standing| {
                let kind = standing.policy.kind.name();
                format!("{kind}: `{}` is exceeded", standing.policy.id)
            })
            .collect();
        let limits = exceeded.into_iter().filter(|standing| standing.policy.kind == PolicyKind::Limit);
        limits.map(|standing| (standing.policy, standing.counter)).collect()
    }
}
