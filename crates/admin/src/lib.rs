//! The management API: models, keys, projects, budgets and limits, usage, the ledger, the cache; events, webhooks, the audit log.
//!
//! `routes.rs` lists every path; each resource is a folder with a file a verb, which reads top to bottom: what it takes,
//! what it replies, what can go wrong. `wire` has what they share. `describe` is what `/openapi.json` says.
//!
//! What is *not* here: requests to models (`baton-http`), and any rule of what may be registered beyond the form of its
//! fields (`baton-control`).
//!
//! To add an endpoint: a file, and a line in `routes.rs`.

mod audit;
mod budgets;
mod cache;
mod describe;
mod events;
mod failures;
mod keys;
mod limits;
mod me;
mod models;
mod policies;
mod prices;
mod projects;
mod providers;
mod pulse;
mod ready;
mod requests;
mod routes;
mod state;
mod usage;
mod users;
mod webhooks;
mod wire;

pub use state::{Admin, Quotas};

use axum::Router;
use axum::middleware::from_fn_with_state;
use baton_web::{ClientApi, Responding, respond};
use utoipa::openapi::OpenApi as Description;
use utoipa_axum::router::OpenApiRouter;

/// Every path of the management API.
pub fn router(admin: Admin) -> Router {
    finish_router(routes::routes(), admin)
}

/// Whether this node can serve, for load balancers.
pub fn health(admin: Admin) -> Router {
    finish_router(routes::health(), admin)
}

fn finish_router(routes: OpenApiRouter<Admin>, admin: Admin) -> Router {
    let responding = Responding { web: admin.web.clone(), api: |_| ClientApi::Native };
    let (router, _) = routes.split_for_parts();
    router.route_layer(from_fn_with_state(responding, respond)).with_state(admin)
}

/// The description of all APIs: the management API's own, with what the request APIs say of themselves.
pub fn description(requests: Description) -> Description {
    describe::name_operations(
        describe::describe(routes::routes().merge(routes::health()).into_openapi()).merge_from(requests),
    )
}
