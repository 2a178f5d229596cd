//! `POST /api/models/discover`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Operator;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, json};
use axum::extract::State;
use baton_control::Conflict;
use baton_model::ModelId;
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
    /// All models that the providers list.
    found: Vec<String>,
    /// Models that are new.
    added: Vec<String>,
    /// Models whose description by the provider has changed.
    changed: Vec<String>,
    /// Previously discovered models that are no longer listed.
    gone: Vec<String>,
    /// Listed models that were not registered.
    conflicts: Vec<ConflictView>,
    /// Providers that could not be reached.
    failed: Vec<Failed>,
    /// Whether nothing was changed.
    dry_run: bool,
}

/// A listed model that was not registered.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConflictView {
    /// The provider that lists it.
    #[schema(example = "openai")]
    provider: String,
    /// The provider's name for it.
    #[schema(example = "gpt-4o")]
    upstream: String,
    /// Why it was not registered.
    #[schema(example = "the id `gpt-4o` is used by the model that the provider calls `gpt-4o-2024-08-06`")]
    error: String,
}

/// A provider that could not be reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failed {
    /// Its name.
    provider: String,
    /// Why.
    error: String,
}

impl From<Conflict> for ConflictView {
    fn from(conflict: Conflict) -> Self {
        let Conflict { provider, listed, problem } = conflict;
        Self { provider: provider.to_string(), upstream: listed, error: problem }
    }
}

/// Lists the models of one provider or of all providers, and registers them.
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
    let names = |ids: &[ModelId]| ids.iter().map(ModelId::to_string).collect();
    let report = DiscoverReport {
        found: names(&found.found),
        added: names(&found.added),
        changed: names(&found.changed),
        gone: names(&found.gone),
        conflicts: found.conflicts.into_iter().map(ConflictView::from).collect(),
        failed: found
            .failed
            .into_iter()
            .map(|(provider, error)| Failed { provider: provider.to_string(), error })
            .collect(),
        dry_run,
    };
    json(StatusCode::OK, &report)
}
