//! `DELETE /api/cache`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Administrator;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_model::{Code, PublicError};
use baton_store::NewAudit;
use http::{StatusCode, Uri};
use serde::Serialize;
use utoipa::ToSchema;

/// The number of removed replies.
#[derive(Debug, Serialize, ToSchema)]
pub struct PurgeView {
    /// The number; with Redis, it includes replies that had expired or been replaced.
    purged: u64,
}

/// Removes cached replies: all, or those of a model, a key or a project.
#[utoipa::path(delete, path = "/api/cache", tag = "cache", params(
    ("model" = Option<String>, Query, description = "Only replies of this model"),
    ("key" = Option<String>, Query, description = "Only replies to the key with this id"),
    ("project" = Option<String>, Query, description = "Only replies to this project"),
), responses(
    (status = 200, description = "Removed", body = PurgeView),
    (status = 422, description = "A parameter is invalid, or more than one is given", body = ErrorBody),
    (status = 503, description = "Redis is unavailable: the replies that nodes share were not removed", body = ErrorBody),
))]
pub async fn purge(State(admin): State<Admin>, Administrator(by): Administrator, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let tags: Vec<String> = ["model", "key", "project"]
        .into_iter()
        .filter_map(|name| params.take(name).map(|value| format!("{name}:{value}")))
        .collect();
    if tags.len() > 1 {
        params.faults.add("model", "only one of model, key and project can be given");
    }
    params.finish()?;
    // Begun first: what can't be noted is not done.
    let change = admin.store.change(&by).await?;
    let purged = admin.web.engine.cache().purge(tags.first().map(String::as_str)).await;
    let subject = tags.into_iter().next().unwrap_or_else(|| "all".to_owned());
    let after = Some(format!("{{\"purged\":{},\"complete\":{}}}", purged.entries, purged.complete));
    let entry = NewAudit { action: "cache.purge", kind: "cache", subject, before: None, after };
    change.audit(entry).await?;
    // No node holds anything of it in a snapshot, so the revision stays.
    change.commit_aside().await?;
    // Redis is the part that nodes share. A caller who is told "purged" while old replies are still in it would not
    // ask again. What was removed here is noted all the same.
    if !purged.complete {
        return Err(PublicError::new(
            Code::Overloaded,
            "Redis is unavailable, so the replies that nodes share were not removed: try again when it is available",
        )
        .into());
    }
    json(StatusCode::OK, &PurgeView { purged: purged.entries })
}
