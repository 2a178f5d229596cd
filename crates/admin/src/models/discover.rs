//! `POST /api/models/discover`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Operator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_control::Discovery;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which providers to query.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct DiscoverBody {
    /// The provider to query; by default all of them.
    #[schema(example = "ollama")]
    provider: Option<String>,
    /// Whether to report the changes without making them.
    dry_run: Option<bool>,
}

/// The result of a discovery.
#[derive(Debug, Serialize, ToSchema)]
pub struct DiscoverReport {
    #[serde(flatten)]
    #[schema(inline)]
    found: Discovery,
    /// Whether nothing was changed.
    dry_run: bool,
}

/// Lists the models of one provider, or of all, and registers them.
#[utoipa::path(post, path = "/api/models/discover", tag = "models", request_body = DiscoverBody, responses(
    (
        status = 200,
        description = "The models that were found; `failed` lists providers that could not be reached, `conflicts` models that were not registered",
        body = DiscoverReport,
    ),
    (status = 404, description = "The provider does not exist", body = ErrorBody),
))]
pub async fn discover(State(admin): State<Admin>, Operator(by): Operator, mut fields: JsonFields) -> ApiResult {
    let mut faults = Faults::default();
    let DiscoverBody { provider, dry_run } = fields.read_body(&mut faults).unwrap_or_default();
    let dry_run = dry_run.unwrap_or(false);
    fields.finish(&mut faults);
    faults.check()?;
    let found = admin.models.discover(provider.as_deref(), dry_run, &by).await?;
    json(StatusCode::OK, &DiscoverReport { found, dry_run })
}
