//! The management API: models, keys, projects, usage, the ledger, the cache; events, webhooks, the audit log.
//!
//! `routes.rs` lists every path; each resource is a folder with a file a verb, which reads top to bottom: what it takes,
//! what it answers, what can go wrong. `wire` has what they share. `describe` is what `/openapi.json` says.
//!
//! What is *not* here: requests to models (`baton-http`), and any rule of what may be registered beyond the form of its
//! fields (`baton_engine::Directory`).
//!
//! To add an endpoint: a file, a line in `routes.rs`, a line in `describe`.

mod audit;
mod cache;
mod describe;
mod events;
mod failures;
mod keys;
mod models;
mod projects;
mod providers;
mod ready;
mod requests;
mod routes;
mod usage;
mod webhooks;
mod wire;

use axum::Router;
use baton_engine::Directory;
pub(crate) use baton_engine::directory::told;
use baton_http::Doors;
use baton_store::Store;
use events::feed::Feed;
use ipnet::IpNet;
pub use models::view::text as model_text;
pub use providers::{Configured, Providers, sealed_row};
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;

/// What the management API needs.
#[derive(Clone)]
pub struct Admin {
    pub(crate) doors: Doors,
    pub(crate) directory: Arc<Directory>,
    pub(crate) store: Store,
    pub(crate) providers: Arc<Providers>,
    pub(crate) feed: Arc<Feed>,
    /// Networks besides the public internet where webhooks may be.
    pub(crate) reachable: Arc<[IpNet]>,
}

impl Admin {
    /// Over these parts.
    pub fn new(doors: Doors, directory: Arc<Directory>, store: Store, providers: Arc<Providers>) -> Self {
        let feed = Feed::new(store.clone());
        Self { doors, directory, store, providers, feed, reachable: Arc::new([]) }
    }

    /// Lets webhooks be in these networks too, besides the public internet.
    #[must_use]
    pub fn reaching(self, networks: Vec<IpNet>) -> Self {
        Self { reachable: networks.into(), ..self }
    }
}

/// Every path of the management API, and the description of all APIs, the request APIs included.
pub fn router(admin: Admin) -> (Router, Description) {
    (routes::router(admin), description())
}

/// The description of all APIs.
pub fn description() -> Description {
    describe::named(describe::Api::openapi().merge_from(baton_http::describe::describe()))
}
