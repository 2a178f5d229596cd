//! `POST /api/models/tokens`.

use super::request_body;
use super::size::measure_prompt;
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Anyone;
use crate::wire::response::{ApiResult, RawBody, json};
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// How large a prompt is.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokensView {
    /// The model.
    model_id: String,
    /// The number of tokens.
    #[schema(example = 12)]
    tokens: u64,
    /// `exact`, or `estimate` where the vendor publishes no tokenizer.
    #[schema(example = "exact")]
    method: &'static str,
    /// The tokenizer.
    #[schema(example = "o200k")]
    tokenizer: &'static str,
    /// The model's context window, in tokens; null: unknown.
    token_limit: Option<u64>,
    /// Whether the prompt fits into the context window; null: unknown.
    fits: Option<bool>,
}

/// Counts the tokens of a chat, completion or embedding request (a body in Baton's own format), without calling a provider.
#[utoipa::path(post, path = "/api/models/tokens", tag = "models",
    request_body(content = Object, description = "The body of `/api/models/chat`, `/completion` or `/embedding`",
        example = json!({"model_id": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]})),
    responses(
        (status = 200, description = "The size", body = TokensView),
        (status = 400, description = "The body is not a request", body = ErrorBody),
        (status = 404, description = "The model does not exist", body = ErrorBody),
    )
)]
pub async fn tokens(State(admin): State<Admin>, Anyone(caller): Anyone, RawBody { bytes, .. }: RawBody) -> ApiResult {
    let engine = &admin.web.engine;
    let snapshot = engine.registry().snapshot();
    let capability = request_body::capability(&bytes, None, &snapshot)?;
    let call = request_body::call(bytes, capability, caller, engine.clock())?;
    let model = snapshot.find(&call.identity.caller, &call.routing.selector, call.wire.capability)?;
    let size = measure_prompt(call.content.read_operation()?, model);
    let view = TokensView {
        model_id: model.id.to_string(),
        tokens: size.count.tokens,
        method: size.count.method.name(),
        tokenizer: size.count.tokenizer,
        token_limit: model.token_limit,
        fits: size.fits,
    };
    json(StatusCode::OK, &view)
}
