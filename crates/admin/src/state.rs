//! What every handler of the management API can reach.

use crate::events::feed::Feed;
use crate::pulse::DatabaseCheck;
use axum::extract::FromRef;
use baton_control::prices::PriceSource;
use baton_control::{ModelDirectory, PolicyDirectory, ProviderDirectory};
use baton_store::Store;
use baton_web::Web;
use ipnet::IpNet;
use std::sync::Arc;

/// What the management API needs.
#[derive(Clone)]
pub struct Admin {
    pub(crate) web: Web,
    pub(crate) models: Arc<ModelDirectory>,
    pub(crate) store: Store,
    pub(crate) providers: Arc<ProviderDirectory>,
    pub(crate) policies: Arc<PolicyDirectory>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) pulse: Arc<DatabaseCheck>,
    /// Networks besides the public internet where webhooks may be.
    pub(crate) reachable: Arc<[IpNet]>,
    pub(crate) quotas: Quotas,
    /// Fetches lists of prices.
    pub(crate) price_source: PriceSource,
}

/// How much may be kept that is made over the management API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Feedback that a key may give within a day.
    pub feedback_per_day: u64,
    /// Webhooks: each event goes to each of them.
    pub webhooks: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { feedback_per_day: 10_000, webhooks: 100 }
    }
}

impl Admin {
    /// Over these parts.
    pub fn new(
        web: Web,
        models: Arc<ModelDirectory>,
        store: Store,
        providers: Arc<ProviderDirectory>,
        policies: Arc<PolicyDirectory>,
    ) -> Self {
        let feed = Feed::new(store.clone());
        let (reachable, quotas) = (Arc::new([]) as Arc<[IpNet]>, Quotas::default());
        let price_source = PriceSource::new(Vec::new());
        Self { web, models, store, providers, policies, feed, pulse: Arc::default(), reachable, quotas, price_source }
    }

    /// The same with these quotas.
    #[must_use]
    pub fn with_quotas(self, quotas: Quotas) -> Self {
        Self { quotas, ..self }
    }

    /// The same with lists of prices fetched from there.
    #[must_use]
    pub fn with_price_source(self, price_source: PriceSource) -> Self {
        Self { price_source, ..self }
    }

    /// Lets webhooks be in these networks too, besides the public internet.
    #[must_use]
    pub fn allow_networks(self, networks: Vec<IpNet>) -> Self {
        Self { reachable: networks.into(), ..self }
    }
}

impl FromRef<Admin> for Web {
    fn from_ref(admin: &Admin) -> Self {
        admin.web.clone()
    }
}
