//! What every handler of the management API can reach.

use crate::events::feed::Feed;
use axum::extract::FromRef;
use baton_control::{Models, Providers};
use baton_store::Store;
use baton_web::Web;
use ipnet::IpNet;
use std::sync::Arc;

/// What the management API needs.
#[derive(Clone)]
pub struct Admin {
    pub(crate) web: Web,
    pub(crate) models: Arc<Models>,
    pub(crate) store: Store,
    pub(crate) providers: Arc<Providers>,
    pub(crate) feed: Arc<Feed>,
    /// Networks besides the public internet where webhooks may be.
    pub(crate) reachable: Arc<[IpNet]>,
}

impl Admin {
    /// Over these parts.
    pub fn new(web: Web, models: Arc<Models>, store: Store, providers: Arc<Providers>) -> Self {
        let feed = Feed::new(store.clone());
        Self { web, models, store, providers, feed, reachable: Arc::new([]) }
    }

    /// Lets webhooks be in these networks too, besides the public internet.
    #[must_use]
    pub fn reaching(self, networks: Vec<IpNet>) -> Self {
        Self { reachable: networks.into(), ..self }
    }
}

impl FromRef<Admin> for Web {
    fn from_ref(admin: &Admin) -> Self {
        admin.web.clone()
    }
}
