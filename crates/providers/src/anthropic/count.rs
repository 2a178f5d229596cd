//! The exact length of a prompt: `POST /v1/messages/count_tokens`.

use super::VERSION;
use crate::line::{Line, refused};
use baton_dialect::anthropic::count_tokens;
use baton_model::{ChatRequest, Dialect, Target};
use baton_provider::ProviderError;

pub(super) async fn count(line: &Line, request: &ChatRequest, target: &Target) -> Result<u64, ProviderError> {
    let body = count_tokens::write_request(request, &line.suited(target)).map_err(refused)?.body;
    let path = "/v1/messages/count_tokens";
    line.aside(Dialect::Anthropic, path, None, Some(body), VERSION, count_tokens::read_reply).await
}
