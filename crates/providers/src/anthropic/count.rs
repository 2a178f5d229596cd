//! The exact length of a prompt: `POST /v1/messages/count_tokens`.

use super::version::VERSION;
use crate::client::{ProviderClient, refuse_request};
use baton_dialect::anthropic::count_tokens;
use baton_dialect::profile::fit_written;
use baton_model::{ChatRequest, Dialect, Target};
use baton_provider_api::ProviderError;

pub(super) async fn count(
    client: &ProviderClient,
    request: &ChatRequest,
    target: &Target,
) -> Result<u64, ProviderError> {
    let target = client.with_vendor_quirks(target);
    let body = count_tokens::write_request(request, &target).map_err(refuse_request)?.body;
    // As it would be sent to be answered: shortened names cost fewer tokens, and long ones are refused here too.
    let body = fit_written(Dialect::Anthropic, body, &target.model.quirks).map_err(refuse_request)?.body;
    let path = "/v1/messages/count_tokens";
    client.send_side_call(Dialect::Anthropic, path, None, Some(body), VERSION, count_tokens::read_reply).await
}
