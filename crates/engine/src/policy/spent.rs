//! What was spent of a policy, by the ledger.

use super::compiled::{Policy, PolicyCounter};
use crate::ledger::LedgerReader;
use baton_kv::Window;
use baton_meter::price;
use baton_model::entity::{Measure, WhenUnpriced};
use baton_model::{Timestamp, Usage};
use baton_store::StoreError;
use baton_store::ledger::{ScopeField, SpentQuery};

/// Reads from the ledger what was spent.
#[derive(Clone)]
pub struct SpentReader {
    ledger: LedgerReader,
}

impl SpentReader {
    /// A reader of that ledger.
    pub fn new(ledger: LedgerReader) -> Self {
        Self { ledger }
    }

    /// What was spent of a counter within its window, and when. Waits until the ledger has everything that was recorded before.
    ///
    /// # Errors
    /// If the database is unavailable.
    pub async fn read(
        &self,
        policy: &Policy,
        counter: &PolicyCounter,
        window: Window,
    ) -> Result<Vec<(Timestamp, u64)>, StoreError> {
        let (from, part) = match window {
            // What is under way is not in the ledger.
            Window::Held => return Ok(Vec::new()),
            Window::Sliding(length) => {
                let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
                (Timestamp(self.ledger.now().0.saturating_sub(micros)), Some((micros / 64).max(1)))
            }
            Window::Period { start, .. } => (start, None),
        };
        let query = SpentQuery { from, scope: scope(counter), part };
        self.ledger.flush().await;
        let sums = self.ledger.spent(&query, policy.measure).await?;
        let mut spent: Vec<(Timestamp, u64)> = sums.into_iter().map(|sum| (sum.at.max(from), sum.amount)).collect();
        if let (WhenUnpriced::Price(own), Measure::Cost) = (&policy.when_unpriced, policy.measure) {
            let usage = Usage { amounts: self.ledger.unpriced(&query).await?, ..Usage::default() };
            let cost = price::cost(&usage, &**own, from).total;
            spent.extend(cost.known().map(|nanos| (from, u64::try_from(nanos.0).unwrap_or(0))));
        }
        Ok(spent)
    }
}

/// The values of a counter as the ledger has them.
fn scope(counter: &PolicyCounter) -> Vec<(ScopeField, String)> {
    let field = |(name, value): &(&str, std::sync::Arc<str>)| {
        let value = value.to_string();
        Some(match *name {
            "project" => (ScopeField::Project, value),
            "key" => (ScopeField::Key, value),
            "user" => (ScopeField::User, value),
            "model" => (ScopeField::Model, value),
            "provider" => (ScopeField::Provider, value),
            "tag" => (ScopeField::Tag, value),
            "run" => (ScopeField::Run, value),
            _ => return None,
        })
    };
    counter.values.iter().filter_map(field).collect()
}
