//! What a request has reserved, until it is settled.

use super::compiled::{Policy, PolicyCounter, PolicyKind};
use baton_kv::{Count, Counters, Lease, Window};
use baton_meter::price;
use baton_model::entity::{Measure, WhenUnpriced};
use baton_model::record::AttemptRecord;
use baton_model::schema::journal::ReservedUsage;
use baton_model::{Cost, Nanos, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// What a request has reserved. Dropped without having been settled, it gives everything back.
#[derive(Default)]
pub struct Reservation {
    /// With the counters that each was taken of: those that nodes share, and this node's own while they are away.
    leases: Vec<(Arc<dyn Counters>, Lease, Vec<ReservedAmount>)>,
    /// What was soft and is exceeded.
    pub warnings: Vec<String>,
    /// When it was reserved, by the clock that decides about periods.
    pub at: Timestamp,
    /// The most that the attempt may use for which it was reserved.
    pub usage: Option<ReservedUsage>,
}

/// What was reserved of one counter.
#[derive(Debug, Clone)]
pub struct ReservedAmount {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Which of its counters.
    pub counter: Arc<PolicyCounter>,
    /// Over which time it counts.
    pub window: Window,
    /// The most that it may come to.
    pub limit: u64,
    /// How much was reserved.
    pub amount: u64,
    /// Whether it is the counter of bursts.
    pub is_burst: bool,
}

/// How a policy stands after a reservation.
#[derive(Debug, Clone)]
pub struct PolicyStanding {
    /// The policy.
    pub policy: Arc<Policy>,
    /// Which of its counters.
    pub counter: Arc<PolicyCounter>,
    /// Over which time it counts.
    pub window: Window,
    /// The most that it may come to.
    pub limit: u64,
    /// What its counter says.
    pub count: Count,
}

impl PolicyStanding {
    /// What is left.
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.count.spent).saturating_sub(self.count.held)
    }

    /// Within which time all that counts now counts no more, if nothing else is taken; zero for what has no window.
    pub fn full_within(&self) -> Duration {
        match self.window {
            Window::Sliding(length) if self.count.spent > 0 => length,
            _ => Duration::ZERO,
        }
    }
}

impl Reservation {
    /// Nothing reserved, at a time.
    pub fn at(at: Timestamp) -> Self {
        Self { leases: Vec::new(), warnings: Vec::new(), at, usage: None }
    }

    /// Whether there is nothing to settle.
    pub fn is_empty(&self) -> bool {
        self.leases.is_empty()
    }

    /// Adds what was taken.
    pub(super) fn add(&mut self, counters: Arc<dyn Counters>, lease: Lease, amounts: Vec<ReservedAmount>) {
        self.leases.push((counters, lease, amounts));
    }

    /// The budgets of which something was reserved, with the counter of each.
    pub(super) fn budgets(&self) -> Vec<(Arc<Policy>, Arc<PolicyCounter>)> {
        let amounts = self.leases.iter().flat_map(|(_, _, amounts)| amounts);
        let budgets = amounts.filter(|amount| amount.policy.kind == PolicyKind::Budget && !amount.policy.is_brought);
        budgets.map(|amount| (Arc::clone(&amount.policy), Arc::clone(&amount.counter))).collect()
    }

    /// How the policies stand of which something was reserved.
    pub fn standings(&self) -> impl Iterator<Item = PolicyStanding> + '_ {
        self.leases.iter().flat_map(|(_, lease, amounts)| {
            let counted = amounts.iter().zip(lease.counts()).filter(|(amount, _)| !amount.is_burst);
            counted.map(|(amount, count)| PolicyStanding {
                policy: Arc::clone(&amount.policy),
                counter: Arc::clone(&amount.counter),
                window: amount.window,
                limit: amount.limit,
                count: *count,
            })
        })
    }

    /// How much money an attempt may cost before a budget is spent that ends streams there: what was reserved, and what is left beside
    /// that. `None`: no such budget.
    pub fn cut_at(&self) -> Option<Nanos> {
        let cutting = self.leases.iter().flat_map(|(_, lease, amounts)| amounts.iter().zip(lease.counts()));
        let room = cutting.filter(|(amount, _)| amount.policy.cut_streams).map(|(amount, count)| {
            let others = count.spent.saturating_add(count.held).saturating_sub(amount.amount);
            amount.limit.saturating_sub(others)
        });
        room.min().map(|room| Nanos(i64::try_from(room).unwrap_or(i64::MAX)))
    }

    /// A request that is over: what it was is counted, what was under way is given back.
    pub fn settle_request(mut self) {
        self.settle(|reserved| match reserved.policy.measure {
            Measure::Concurrency => 0,
            _ => reserved.amount,
        });
    }

    /// An attempt that is over: what it used is counted in place of what was reserved.
    pub(super) fn settle_attempt(mut self, attempt: &AttemptRecord) -> Vec<Overrun> {
        let mut overruns = Vec::new();
        self.settle(|reserved| {
            let real = used(&reserved.policy, reserved.amount, attempt);
            if real > reserved.amount {
                let policy = Arc::clone(&reserved.policy);
                overruns.push(Overrun { policy, reserved: reserved.amount, used: real });
            }
            real
        });
        overruns
    }

    fn settle(&mut self, mut real: impl FnMut(&ReservedAmount) -> u64) {
        for (counters, lease, amounts) in self.leases.drain(..) {
            let amounts = amounts.iter().map(&mut real).collect();
            // On its way when the call returns; nobody has to wait for it.
            drop(counters.settle(lease, amounts));
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.settle(|_| 0);
    }
}

/// An attempt that came to more than was reserved for it: its provider did not keep to what it was asked.
#[derive(Debug, Clone)]
pub struct Overrun {
    /// Of which policy.
    pub policy: Arc<Policy>,
    /// How much was reserved.
    pub reserved: u64,
    /// What it came to.
    pub used: u64,
}

/// What an attempt has used of what a policy counts.
fn used(policy: &Policy, reserved: u64, attempt: &AttemptRecord) -> u64 {
    let usage = &attempt.usage;
    match policy.measure {
        Measure::Requests => reserved,
        Measure::Concurrency => 0,
        Measure::InputTokens => usage.input_tokens(),
        Measure::OutputTokens => usage.output_tokens(),
        Measure::Tokens => usage.input_tokens().saturating_add(usage.output_tokens()),
        Measure::Cost => {
            let cost = match (attempt.cost, &policy.when_unpriced) {
                (Cost::Unpriced, WhenUnpriced::Price(own)) => price::cost(usage, &**own, attempt.started).total,
                (cost, _) => cost,
            };
            u64::try_from(cost.known().unwrap_or(Nanos::ZERO).0).unwrap_or(0)
        }
    }
}
