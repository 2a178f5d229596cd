//! How many retries a provider gets: a share of its requests, so that an outage is not made worse by those who wait for
//! its end.

use super::RetryBudgetSettings;
use baton_model::ProviderId;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tower::retry::budget::{Budget, TpsBudget};

/// How far back requests count.
const WINDOW: Duration = Duration::from_secs(10);

/// The retry budgets of all providers. A provider that is gone leaves its budget behind: there are never more than were
/// registered.
pub struct RetryBudgets {
    settings: RetryBudgetSettings,
    providers: RwLock<HashMap<ProviderId, Arc<TpsBudget>>>,
}

impl RetryBudgets {
    /// Budgets that begin full.
    pub fn new(settings: RetryBudgetSettings) -> Self {
        Self { settings, providers: RwLock::default() }
    }

    /// A request was sent to the provider, which lets it have a share of a retry.
    pub fn note_request(&self, provider: &ProviderId) {
        self.budget(provider).deposit();
    }

    /// Whether a retry is within the budget; it is taken from it then.
    pub fn take_retry(&self, provider: &ProviderId) -> bool {
        self.budget(provider).withdraw()
    }

    fn budget(&self, provider: &ProviderId) -> Arc<TpsBudget> {
        // The read lock is let go of at the end of this line: taking the write lock below while holding it would
        // deadlock.
        let known = self.providers.read().unwrap_or_else(PoisonError::into_inner).get(provider).cloned();
        known.unwrap_or_else(|| {
            let RetryBudgetSettings { percent, min_per_second } = self.settings;
            let budget = || Arc::new(TpsBudget::new(WINDOW, min_per_second, percent as f32 / 100.0));
            let mut providers = self.providers.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(providers.entry(provider.clone()).or_insert_with(budget))
        })
    }
}
