//! `POST /api/models/tokens`.

use super::client_body;
use super::request_body;
use super::size::{PromptSize, measure_prompt};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Anyone;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, RawBody, json};
use axum::extract::State;
use baton_engine::{Calibration, Call};
use baton_meter::price;
use baton_model::{Code, Cost, Model, PublicError, Usage, UsageClass};
use baton_tasks::blocking;
use http::{StatusCode, Uri};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// How large a prompt is.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokensView {
    /// The model.
    model_id: String,
    /// The client API that the body was read as: `native`, `openai`, `responses`, `anthropic` or `ollama`.
    #[schema(example = "native")]
    api: &'static str,
    /// The number of tokens.
    #[schema(example = 12)]
    tokens: u64,
    /// What 99 of 100 such prompts don't exceed; the number itself if it is exact.
    #[schema(example = 12)]
    at_most: u64,
    /// `exact`: by the vendor's own rules; `calibrated`: by what the model's replies taught; `estimate`: by rules that
    /// come close.
    #[schema(example = "exact")]
    method: &'static str,
    /// The typical error, as a share of the number: 0.02 for 2 percent.
    #[schema(example = 0.0)]
    error: f64,
    /// The tokens of each part, which sum to `tokens`: `system`, `messages`, `tools`, `format` (the schema of the
    /// reply), `images`, `documents`, `audio`, `framing` (what stands around messages). Parts of none are left out.
    #[schema(value_type = Object, example = json!({"messages": 5, "framing": 7}))]
    breakdown: BTreeMap<&'static str, u64>,
    /// The rule that counted.
    #[schema(example = "openai-chat")]
    rule: &'static str,
    /// The tokenizer.
    #[schema(example = "o200k")]
    tokenizer: &'static str,
    /// The model's context window, in tokens; null: unknown.
    token_limit: Option<u64>,
    /// Whether the prompt fits into the context window with a token for the reply. `yes`: `at_most` does; `likely`:
    /// `tokens` does and `at_most` does not; `no`: `tokens` does not; null: the window is unknown.
    #[schema(example = "yes")]
    fits: Option<&'static str>,
    /// The cost of `tokens` as fresh input at the model's price, and of `max_tokens` (or the API's own word for it, at
    /// most the model's largest output) as output if the body has it, in exact decimal dollars. Null: unpriced.
    #[schema(value_type = Option<f64>)]
    expected_cost: Cost,
}

/// Counts the tokens of a request, without calling a provider. The body is that of any client API as it is: a chat,
/// completion or embedding of OpenAI's, Baton's own or Ollama's, a response, or messages of Anthropic's. Its fields tell
/// the API: `input` with items or with `instructions` and the like is a response, `messages` with a top-level `system`
/// or Anthropic's blocks and tools are Anthropic's, `options` and the like are Ollama's. `api` says it where they don't.
#[utoipa::path(post, path = "/api/models/tokens", tag = "models",
    params(("api" = Option<String>, Query, description = "The API of the body: `native`, `openai`, `responses`, `anthropic` or `ollama`; by default derived from its fields")),
    request_body(content = Object, description = "The body of a chat, response, message, completion or embedding of any client API",
        example = json!({"model_id": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]})),
    responses(
        (status = 200, description = "The size", body = TokensView),
        (status = 400, description = "The body is not a request", body = ErrorBody),
        (status = 404, description = "The model does not exist", body = ErrorBody),
    )
)]
pub async fn tokens(
    State(admin): State<Admin>,
    Anyone(caller): Anyone,
    uri: Uri,
    RawBody { bytes, .. }: RawBody,
) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let said = params.parse("api", client_body::APIS, client_body::lookup);
    params.finish()?;
    let engine = &admin.web.engine;
    let snapshot = engine.registry().snapshot();
    let (api, capability) = client_body::recognize(&bytes, said, &snapshot)?;
    let call = request_body::call(bytes, api, capability, caller, engine.clock())?;
    let model = Arc::clone(snapshot.find(&call.identity.caller, &call.routing.selector, call.wire.capability)?);
    // Counting a megabyte takes long enough to delay other requests on an async thread.
    let calibration = Arc::clone(engine.calibration());
    let counted = blocking("token_count", move || view(&calibration, &call, &model)).await;
    let view = counted.unwrap_or_else(|| Err(PublicError::new(Code::Internal, "the prompt could not be counted")))?;
    json(StatusCode::OK, &view)
}

fn view(calibration: &Calibration, call: &Call, model: &Model) -> Result<TokensView, PublicError> {
    let key = call.identity.caller.key.as_ref();
    let PromptSize { count, fits } =
        measure_prompt(calibration, call.content.read_operation()?, model, call.wire.dialect, key);
    Ok(TokensView {
        model_id: model.id.to_string(),
        api: call.identity.api,
        tokens: count.tokens,
        at_most: count.at_most,
        method: count.method.name(),
        error: count.error,
        breakdown: count.breakdown.nonzero().map(|(section, tokens)| (section.name(), tokens)).collect(),
        rule: count.rule,
        tokenizer: count.tokenizer,
        token_limit: model.token_limit,
        fits: fits.map(super::size::Fit::name),
        expected_cost: expected_cost(call, model, count.tokens),
    })
}

fn expected_cost(call: &Call, model: &Model, tokens: u64) -> Cost {
    let mut usage = Usage::default();
    usage.set(UsageClass::Input, tokens);
    if let Some(asked) = call.options.max_output_tokens {
        usage.set(UsageClass::Output, model.max_tokens.map_or(asked, |largest| asked.min(largest)));
    }
    price::cost(&usage, model.price.as_ref(), call.identity.arrived).total
}
