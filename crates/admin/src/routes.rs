//! Every path of the management API, on one page: each handler stands here once, and its description beside it.
//!
//! Paths below `/api/models/` that are no model stand in [`baton_model::ModelId::RESERVED`] too.

use crate::{
    Admin, audit, budgets, cache, events, keys, limits, me, models, prices, projects, providers, ready, requests,
    usage, users, webhooks,
};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The management API, with the description of each call.
pub fn routes() -> OpenApiRouter<Admin> {
    OpenApiRouter::new()
        .routes(routes!(models::list::list, models::register::register))
        .routes(routes!(models::discover::discover))
        .routes(routes!(models::tokens::tokens))
        .routes(routes!(models::route::route))
        // A model's id may hold slashes, so no pattern tells a model from a view of it: `one` does, and `describe` lists
        // what it leads to.
        .route("/api/models/{*rest}", get(models::one::read).put(models::one::write).delete(models::one::delete))
        .routes(routes!(providers::list::list, providers::register::register))
        .routes(routes!(providers::get::get, providers::update::update, providers::remove::remove))
        .routes(routes!(keys::list::list, keys::create::create))
        .routes(routes!(keys::get::get, keys::update::update, keys::revoke::revoke))
        .routes(routes!(keys::rotate::rotate))
        .routes(routes!(me::me))
        .routes(routes!(projects::list::list, projects::create::create))
        .routes(routes!(projects::members::list))
        .routes(routes!(projects::members::put, projects::members::remove))
        .routes(routes!(users::list::list))
        .routes(routes!(users::get::get, users::put::put, users::remove::remove))
        .routes(routes!(projects::get::get, projects::update::update, projects::remove::remove))
        .routes(routes!(budgets::list::list, budgets::create::create))
        .routes(routes!(budgets::get::get, budgets::update::update, budgets::remove::remove))
        .routes(routes!(budgets::raise::raise))
        .routes(routes!(budgets::reset::reset))
        .routes(routes!(budgets::counters::counters))
        .routes(routes!(budgets::verify::verify))
        .routes(routes!(limits::list::list, limits::create::create))
        .routes(routes!(limits::get::get, limits::update::update, limits::remove::remove))
        .routes(routes!(limits::counters::counters))
        .routes(routes!(usage::totals::usage))
        .routes(routes!(usage::reprice::reprice_usage))
        .routes(routes!(prices::list::list, prices::create::create))
        .routes(routes!(prices::take_over::take_over))
        .routes(routes!(prices::get::get, prices::update::update, prices::remove::remove))
        .routes(routes!(requests::list::list))
        .routes(routes!(requests::get::get))
        .routes(routes!(requests::feedback::give_feedback))
        .routes(routes!(events::stream::stream))
        .routes(routes!(webhooks::list::list, webhooks::create::create))
        .routes(routes!(webhooks::get::get, webhooks::update::update, webhooks::remove::remove))
        .routes(routes!(webhooks::rotate::rotate))
        .routes(routes!(webhooks::test::test))
        .routes(routes!(webhooks::deliveries::deliveries))
        .routes(routes!(webhooks::redeliver::redeliver))
        .routes(routes!(audit::list))
        .routes(routes!(cache::size::size, cache::purge::purge))
}

/// Readiness: every port has it.
pub fn health() -> OpenApiRouter<Admin> {
    OpenApiRouter::new().routes(routes!(ready::ready))
}
