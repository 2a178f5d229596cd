//! Reading the body of a request to a model, as far as the pipeline needs it.

use crate::ClientApi;
use crate::bounds;
use baton_dialect::framing::splice;
use baton_dialect::peek::{self, RequestHints, peek};
use baton_dialect::{codec, native};
use baton_engine::{Content, ModelSelector};
use baton_model::bounds::FALLBACKS;
use baton_model::record::Attribution;
use baton_model::{Capability, Code, Dialect, PublicError, serde_words};
use baton_provider_api::ReplyForm;
use bytes::Bytes;

/// A request as its API read it.
pub struct ParsedRequest {
    /// Which model.
    pub selector: ModelSelector,
    /// Whether a stream.
    pub form: ReplyForm,
    /// Whether usage inside the stream.
    pub include_usage: bool,
    /// Whether vectors as base64.
    pub base64: bool,
    /// The output limit.
    pub max_output_tokens: Option<u64>,
    /// Whether determinism.
    pub deterministic: bool,
    /// Fallbacks in place of the model's own.
    pub fallbacks: Option<Vec<baton_model::ModelId>>,
    /// On whose behalf, as the body says.
    pub attribution: Attribution,
    /// What was sent.
    pub content: Content,
}

/// Why a body that is read as a whole does not fit, as the rest of a sentence about it.
pub fn json_problem(error: &serde_json::Error) -> String {
    if error.is_data() {
        serde_words::describe(&error.to_string()).into_owned()
    } else {
        format!("must be valid JSON (line {}, column {})", error.line(), error.column())
    }
}

/// Reads a JSON request.
///
/// # Errors
/// `invalid_request` naming the field.
pub fn parse_json(api: ClientApi, capability: Capability, bytes: Bytes) -> Result<ParsedRequest, PublicError> {
    let mut body = splice::scan(bytes)?;
    let mut envelope = native::Envelope::default();
    if api == ClientApi::Native {
        (envelope, body) = native::take_envelope(&body)?;
        peek::check(api.dialect(), capability, &body.bytes)?;
    }
    bounds::list("fallbacks", envelope.fallbacks.as_ref().map_or(0, Vec::len), FALLBACKS)?;
    // Only a few fields are looked at; the whole is read when a step or a translation needs it.
    let hints = peek(api.dialect(), capability, &body)?;
    let RequestHints { model, stream, include_usage, max_output_tokens, deterministic, base64 } = hints;
    let selector = match (model, envelope.provider) {
        (Some(model), _) => ModelSelector::Model(model),
        (None, Some(provider)) => ModelSelector::Provider(provider),
        (None, None) => ModelSelector::Default,
    };
    let attribution = Attribution {
        project: envelope.project_id,
        user: envelope.user_id,
        task: envelope.task_id,
        metadata: envelope.metadata,
        ..Attribution::default()
    };
    Ok(ParsedRequest {
        selector,
        form: if stream { ReplyForm::Stream } else { ReplyForm::Whole },
        include_usage,
        base64,
        max_output_tokens,
        deterministic,
        fallbacks: envelope.fallbacks,
        attribution,
        content: Content::json(body, reader(api.dialect(), capability)?),
    })
}

/// The function that reads the meaning of a body.
fn reader(dialect: Dialect, capability: Capability) -> Result<baton_engine::call::ParsedCall, PublicError> {
    let codec = codec(dialect, capability)
        .ok_or_else(|| PublicError::new(Code::Internal, format!("{dialect} has no {capability}")))?;
    Ok(Box::new(move |bytes| {
        // Other APIs than the native one are not checked before: bytes that pass through are the provider's to judge.
        peek::check(dialect, capability, bytes)?;
        Ok(codec.read_request(bytes)?)
    }))
}
