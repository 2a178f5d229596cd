//! `POST /api/models/route`.

use super::input::known_capabilities;
use super::request_body;
use super::size::{Fit, measure_prompt};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Anyone;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, RawBody, json};
use axum::extract::State;
use baton_engine::route::{Candidate, SkippedModel};
use baton_engine::{Call, Engine};
use baton_meter::price;
use baton_model::{Capability, Cost, Model, PublicError, Usage, UsageClass};
use baton_web::ClientApi;
use http::{StatusCode, Uri};
use serde::Serialize;
use utoipa::ToSchema;

/// The models that would be tried for a request.
#[derive(Debug, Serialize, ToSchema)]
pub struct RouteView {
    /// What is asked.
    #[schema(example = "CHAT")]
    capability: &'static str,
    /// The models that would be tried, in order; the next one only if the one before fails.
    candidates: Vec<CandidateView>,
    /// Models that would not be tried.
    passed: Vec<PassedView>,
}

/// A model that would be tried.
#[derive(Debug, Serialize, ToSchema)]
pub struct CandidateView {
    /// The model.
    model_id: String,
    /// Its provider.
    provider: String,
    /// The provider's name for it.
    upstream: String,
    /// The capability that would be called; a chat-only model gets a completion as a chat.
    serves: &'static str,
    /// The format in which it would be called: `openai`, `anthropic`, `ollama`.
    dialect: &'static str,
    /// `passthrough`: the body is forwarded unchanged except for the model's name; `translated`: it is converted.
    mode: &'static str,
    /// `closed`, `half_open` or `open`; a model with an open circuit is tried last.
    circuit: &'static str,
    /// The size of the prompt, in tokens.
    tokens: u64,
    /// `exact`, `calibrated` or `estimate`.
    method: &'static str,
    /// Its context window, in tokens; null: unknown.
    token_limit: Option<u64>,
    /// Whether the prompt fits into the context window; null: unknown.
    fits: Option<bool>,
    /// Why it would be skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The expected cost.
    expected_cost: ExpectedCost,
}

/// What a request would cost, in exact decimal dollars.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExpectedCost {
    /// The cost of the prompt alone, without caching; null: unpriced.
    #[schema(value_type = Option<f64>)]
    prompt: Cost,
    /// The cost with the longest reply that the request or the model allows; null: unpriced, or no limit is known.
    #[schema(value_type = Option<f64>)]
    at_most: Cost,
}

/// A model that would not be tried.
#[derive(Debug, Serialize, ToSchema)]
pub struct PassedView {
    /// The model.
    model_id: String,
    /// Why not.
    reason: String,
}

/// Shows which models would be tried for a request (a body in Baton's own format), and what it would cost. No provider
/// is called.
#[utoipa::path(post, path = "/api/models/route", tag = "models",
    params(("capability" = Option<String>, Query, description = "The capability; by default derived from the fields of the body")),
    request_body(content = Object, description = "The body of `/api/models/chat` or of another capability",
        example = json!({"model_id": "fast", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 100})),
    responses(
        (status = 200, description = "The models in the order of attempts", body = RouteView),
        (status = 400, description = "The body is not a request, or the model can't serve it", body = ErrorBody),
        (status = 404, description = "The model does not exist, or the caller may not use it", body = ErrorBody),
    )
)]
pub async fn route(
    State(admin): State<Admin>,
    Anyone(caller): Anyone,
    uri: Uri,
    RawBody { bytes, .. }: RawBody,
) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let said = params.parse("capability", &known_capabilities(), Capability::lookup);
    params.finish()?;
    let engine = &admin.web.engine;
    let capability = request_body::capability(&bytes, said, &engine.registry().snapshot())?;
    let call = request_body::call(bytes, ClientApi::Native, capability, caller, engine.clock())?;
    let plan = engine.plan(&call)?;
    let candidates = plan.candidates.iter().map(|candidate| view(engine, &call, candidate));
    let passed = |SkippedModel { model, reason }| PassedView { model_id: model.to_string(), reason };
    let view = RouteView {
        capability: capability.name(),
        candidates: candidates.collect::<Result<_, _>>()?,
        passed: plan.skipped.into_iter().map(passed).collect(),
    };
    json(StatusCode::OK, &view)
}

fn view(engine: &Engine, call: &Call, candidate: &Candidate) -> Result<CandidateView, PublicError> {
    let model = &candidate.model;
    let (calibration, key) = (engine.calibration(), call.identity.caller.key.as_ref());
    let size = measure_prompt(calibration, call.content.read_operation()?, model, candidate.dialect, key);
    let fits = size.fits.map(|fit| fit != Fit::No);
    let too_long = (fits == Some(false)).then(|| {
        let limit = model.token_limit.unwrap_or_default();
        format!("the prompt has {} tokens, but the context window has {limit}", size.count.tokens)
    });
    Ok(CandidateView {
        model_id: model.id.to_string(),
        provider: model.provider.to_string(),
        upstream: model.upstream.clone(),
        serves: candidate.serves.name(),
        dialect: candidate.dialect.name(),
        mode: if candidate.wire() == call.wire { "passthrough" } else { "translated" },
        circuit: engine.health().circuit(model).name(),
        tokens: size.count.tokens,
        method: size.count.method.name(),
        token_limit: model.token_limit,
        fits,
        reason: too_long,
        expected_cost: expected_cost(model, call, size.count.tokens),
    })
}

fn expected_cost(model: &Model, call: &Call, tokens: u64) -> ExpectedCost {
    let cost = |usage: &Usage| price::cost(usage, model.price.as_ref(), call.identity.arrived).total;
    let mut usage = Usage::default();
    usage.set(UsageClass::Input, tokens);
    // The cost of images and speech depends on more than their prompt.
    let by_text = matches!(call.wire.capability, Capability::Chat | Capability::Completion | Capability::Embedding);
    let prompt = if by_text { cost(&usage) } else { Cost::Unpriced };
    let longest = match call.wire.capability {
        Capability::Chat | Capability::Completion => match (call.options.max_output_tokens, model.max_tokens) {
            (Some(asked), Some(largest)) => Some(asked.min(largest)),
            (asked, largest) => asked.or(largest),
        },
        // An embedding bills its input alone.
        Capability::Embedding => Some(0),
        _ => None,
    };
    let at_most = longest.map_or(Cost::Unpriced, |longest| {
        usage.set(UsageClass::Output, longest);
        cost(&usage)
    });
    ExpectedCost { prompt, at_most }
}
