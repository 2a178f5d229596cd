//! Prices requests anew that are recorded already: by the prices that were in force when they ran, as far as those are known
//! now. Records never change; what comes out otherwise is written beside them.

use baton_engine::Engine;
use baton_meter::price::{self, Costed};
use baton_model::{Actor, Cost, Model, ModelId, Nanos, PublicError};
use baton_store::Store;
use baton_store::ledger::{Correction, PricedAttempt, RepriceQuery};
use std::collections::BTreeMap;

/// What was priced anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repriced {
    /// Attempts that were looked at.
    pub attempts: u64,
    /// Attempts whose cost is another one.
    pub corrected: u64,
    /// By model.
    pub models: BTreeMap<ModelId, RepricedModel>,
}

/// What was priced anew of one model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepricedModel {
    /// Attempts whose cost is another one.
    pub corrected: u64,
    /// What these cost before, as far as it was known.
    pub before: Nanos,
    /// What they cost now, as far as it is known.
    pub after: Nanos,
    /// Of these, those that had no cost before.
    pub unpriced_before: u64,
    /// Those that have none now.
    pub unpriced_after: u64,
}

impl Repriced {
    fn note(&mut self, attempt: &PricedAttempt, after: Cost) {
        self.corrected += 1;
        let model = self.models.entry(attempt.model.clone()).or_default();
        model.corrected += 1;
        match attempt.cost {
            Cost::Known(cost) => model.before += cost,
            Cost::Unpriced => model.unpriced_before += 1,
        }
        match after {
            Cost::Known(cost) => model.after += cost,
            Cost::Unpriced => model.unpriced_after += 1,
        }
    }
}

/// Prices what a query finds anew, and writes what comes out otherwise, unless it is a dry run. Done twice, the second
/// time finds nothing. Attempts at models that are registered no more stay as they are.
///
/// # Errors
/// Whatever keeps the database from responding; what was corrected by then is.
pub async fn reprice(
    store: &Store,
    engine: &Engine,
    query: &RepriceQuery,
    dry_run: bool,
    by: &Actor,
) -> Result<Repriced, PublicError> {
    let snapshot = engine.registry().snapshot();
    let mut done = Repriced::default();
    let mut after: Option<(String, i32)> = None;
    loop {
        let place = after.as_ref().map(|(request, number)| (request.as_str(), *number));
        let attempts = store.ledger().priced_attempts(query, place).await?;
        let Some(last) = attempts.last() else { return Ok(done) };
        after = Some((last.request.clone(), last.number));
        let mut corrections = Vec::new();
        for attempt in attempts {
            done.attempts += 1;
            let model = snapshot.models.get(&attempt.model);
            // A registration may have come to mean another model since: its price says nothing of this attempt.
            let same = |model: &&std::sync::Arc<Model>| {
                model.provider == attempt.provider && model.upstream == attempt.upstream
            };
            let Some(model) = model.filter(same) else { continue };
            let price_of = |name: &str| snapshot.price(&attempt.provider, name);
            let Costed { total, unpriced, .. } =
                price::cost_with_others(&attempt.usage, model.price.as_ref(), attempt.started, price_of);
            if total != attempt.cost {
                done.note(&attempt, total);
                let unpriced = unpriced.map(|reason| reason.to_string());
                corrections.push(Correction { attempt, cost: total, unpriced });
            }
        }
        if !dry_run && !corrections.is_empty() {
            store.ledger().correct(&corrections, engine.clock().now(), &by.name).await?;
        }
    }
}
