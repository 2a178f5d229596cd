//! A request body that is looked at rather than served.

use baton_dialect::framing::splice;
use baton_engine::{Call, CallOptions, HeadSent, Identity, Routing, Snapshot};
use baton_model::record::Attribution;
use baton_model::{Body, Caller, Capability, Clock, Code, PublicError, Wire};
use baton_tasks::compute;
use baton_web::ClientApi;
use baton_web::identify;
use baton_web::parse::{ParsedRequest, parse_json};
use bytes::Bytes;
use std::sync::Arc;

/// Which capability the body asks for: what `said` names, else what its fields tell.
///
/// # Errors
/// `invalid_request` if the body is no JSON object, or has none of the fields that requests have.
pub fn capability(bytes: &Bytes, said: Option<Capability>, snapshot: &Snapshot) -> Result<Capability, PublicError> {
    let body = splice::scan(bytes.clone())?;
    let has = |name: &str| body.value(name).is_some();
    match said {
        Some(capability) => Ok(capability),
        None if has("messages") => Ok(Capability::Chat),
        None if has("prompt") => Ok(text_or_image(&body, snapshot)),
        None if has("input") && has("voice") => Ok(Capability::AudioSpeech),
        None if has("input") => Ok(Capability::Embedding),
        None => Err(PublicError::new(
            Code::InvalidRequest,
            "the body must have `messages` (chat), `prompt` (completion) or `input` (embedding)",
        )),
    }
}

/// A prompt is for an image if the requested model makes nothing else of it.
fn text_or_image(body: &Body, snapshot: &Snapshot) -> Capability {
    let name = ["model_id", "model"].iter().find_map(|field| body.value(field));
    let name: Option<String> = name.and_then(|text| serde_json::from_slice(text).ok());
    let model = name.and_then(|name| snapshot.models.get(name.as_str()));
    let draws = model.is_some_and(|model| {
        let can = |capability| model.capabilities.contains(&capability);
        can(Capability::ImageGeneration) && !can(Capability::Completion) && !can(Capability::Chat)
    });
    if draws { Capability::ImageGeneration } else { Capability::Completion }
}

/// The call that the body would make.
///
/// # Errors
/// `invalid_request` naming the field; audio comes as a form, which is not looked at.
pub fn call(
    bytes: Bytes,
    api: ClientApi,
    capability: Capability,
    caller: Caller,
    clock: &Arc<dyn Clock>,
) -> Result<Call, PublicError> {
    let ParsedRequest { selector, form, max_output_tokens, deterministic, fallbacks, content, .. } =
        compute(bytes.len(), || parse_json(api, capability, bytes))?;
    let cache = baton_engine::CachePolicy::Default;
    let attribution = Attribution { key: caller.key.clone(), ..Attribution::default() };
    Ok(Call {
        identity: Identity {
            id: identify::request_id(),
            arrived: clock.now(),
            trace: baton_engine::Trace::none(),
            caller,
            attribution,
            api: api.name(),
            status: api.status(),
        },
        wire: Wire::new(api.dialect(), capability),
        routing: Routing { selector, fallbacks, strict: false, timeout: None, max_cost: None, run_budget: None },
        options: CallOptions {
            form,
            max_output_tokens,
            deterministic,
            cache,
            headers: Vec::new(),
            query: None,
            head_sent: HeadSent::default(),
        },
        content,
    })
}
