//! The exact length of a prompt: `POST /v1/messages/count_tokens`.

use super::version::VERSION;
use crate::client::{ProviderClient, refuse_request};
use baton_dialect::anthropic::count_tokens;
use baton_model::{ChatRequest, Dialect, Target};
use baton_provider_api::ProviderError;

pub(super) async fn count(
    client: &ProviderClient,
    request: &ChatRequest,
    target: &Target,
) -> Result<u64, ProviderError> {
    let body = count_tokens::write_request(request, &client.with_vendor_quirks(target)).map_err(refuse_request)?.body;
    let path = "/v1/messages/count_tokens";
    client.send_side_call(Dialect::Anthropic, path, None, Some(body), VERSION, count_tokens::read_reply).await
}
