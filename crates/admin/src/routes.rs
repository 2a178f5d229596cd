//! Every path of the management API, on one page.
//!
//! Paths below `/api/models/` that are no model stand in [`baton_model::ModelId::RESERVED`] too. A new path takes a
//! line here and one in [`crate::describe`].

use crate::{Admin, audit, cache, events, keys, models, projects, providers, ready, requests, usage, webhooks};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use baton_web::{ClientApi, Responding, respond};

/// The management API.
pub fn router(admin: Admin) -> Router {
    let responding = Responding { web: admin.web.clone(), api: |_| ClientApi::Native };
    Router::new()
        .route("/api/models", get(models::list::list).post(models::register::register))
        .route("/api/models/discover", post(models::discover::discover))
        .route("/api/models/tokens", post(models::tokens::tokens))
        .route("/api/models/route", post(models::route::route))
        .route("/api/models/{*rest}", get(models::one::read).put(models::one::write).delete(models::one::delete))
        .route("/api/providers", get(providers::list::list).post(providers::register::register))
        .route(
            "/api/providers/{name}",
            get(providers::get::get).put(providers::update::update).delete(providers::remove::remove),
        )
        .route("/api/keys", get(keys::list::list).post(keys::create::create))
        .route("/api/keys/{id}", get(keys::get::get).put(keys::update::update).delete(keys::revoke::revoke))
        .route("/api/keys/{id}/rotate", post(keys::rotate::rotate))
        .route("/api/projects", get(projects::list::list).post(projects::create::create))
        .route(
            "/api/projects/{id}",
            get(projects::get::get).put(projects::update::update).delete(projects::remove::remove),
        )
        .route("/api/usage", get(usage::totals::usage))
        .route("/api/requests", get(requests::list::list))
        .route("/api/requests/{id}", get(requests::get::get))
        .route("/api/requests/{id}/feedback", post(requests::feedback::give))
        .route("/api/events", get(events::stream::stream))
        .route("/api/webhooks", get(webhooks::list::list).post(webhooks::create::create))
        .route(
            "/api/webhooks/{id}",
            get(webhooks::get::get).put(webhooks::update::update).delete(webhooks::remove::remove),
        )
        .route("/api/webhooks/{id}/rotate", post(webhooks::rotate::rotate))
        .route("/api/webhooks/{id}/deliveries", get(webhooks::deliveries::deliveries))
        .route("/api/webhooks/deliveries/{id}/redeliver", post(webhooks::redeliver::redeliver))
        .route("/api/audit", get(audit::list))
        .route("/api/cache", get(cache::size::size).delete(cache::purge::purge))
        .route("/health/ready", get(ready::ready))
        .route_layer(from_fn_with_state(responding, respond))
        .with_state(admin)
}
