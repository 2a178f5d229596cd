//! The exact length of a prompt: `POST /v1/messages/count_tokens`.

use super::VERSION;
use crate::line::Line;
use baton_model::fault::ErrorKind;
use baton_model::{ChatRequest, Dialect, Operation, Target};
use baton_provider::ProviderError;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What the endpoint takes of a messages request; it refuses everything else (Anthropic API reference, count tokens).
const COUNTED: [&str; 9] = [
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "cache_control",
    "context_management",
    "output_config",
];

#[derive(Deserialize)]
struct Count {
    input_tokens: u64,
}

pub(super) async fn count(line: &Line, request: &ChatRequest, target: &Target) -> Result<u64, ProviderError> {
    let body = line.written(Dialect::Anthropic, &Operation::Chat(Box::new(request.clone())), target)?;
    let ours = |error: serde_json::Error| ProviderError::new(ErrorKind::Internal, error.to_string());
    let mut fields: Map<String, Value> = serde_json::from_slice(&body).map_err(ours)?;
    fields.retain(|name, _| COUNTED.contains(&name.as_str()));
    let body = serde_json::to_vec(&fields).map_err(ours)?;
    let count: Count = line.json(Dialect::Anthropic, "/v1/messages/count_tokens", None, Some(body), VERSION).await?;
    Ok(count.input_tokens)
}
