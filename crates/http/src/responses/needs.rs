//! Requests that need something kept: an earlier response to go on from, a conversation, a stored prompt, or to be
//! replied in the background.

use crate::{HttpState, objects};
use baton_engine::{ModelSelector, Snapshot};
use baton_model::entity::{ProviderObjectKind, Role};
use baton_model::{Body, Caller, Capability, Code, Dialect, Model, ModelId, PublicError};
use baton_web::parse::ParsedRequest;

/// What a request needs of the provider that serves it.
pub(super) struct Needs {
    /// Whether the reply is to be kept; the format's default is yes.
    pub(super) store: bool,
    /// The response that it goes on from.
    pub(super) previous: Option<String>,
    /// The fields that ask for something that a provider keeps.
    fields: Vec<&'static str>,
}

/// The fields that only a provider of this format can serve.
const FIELDS: [&str; 4] = ["previous_response_id", "conversation", "prompt", "background"];

/// Looks at the fields.
///
/// # Errors
/// If one has the wrong type.
pub(super) fn read(body: &Body) -> Result<Needs, PublicError> {
    // `null` and `false` are the format's defaults, and SDKs send them.
    let given = |name: &str| body.value(name).filter(|value| !matches!(*value, b"null" | b"false"));
    let previous = match given("previous_response_id") {
        None => None,
        Some(text) => Some(serde_json::from_slice(text).map_err(|_| {
            PublicError::new(Code::InvalidRequest, "previous_response_id: must be a string").at("previous_response_id")
        })?),
    };
    let fields = FIELDS.into_iter().filter(|name| given(name).is_some()).collect();
    // Only a literal `false` turns storing off; the format's default is on.
    Ok(Needs { store: body.value("store") != Some(b"false"), previous, fields })
}

impl Needs {
    /// Whether only some providers can serve it.
    pub(super) fn is_bound(&self) -> bool {
        !self.fields.is_empty()
    }

    /// Says that what came before is said in full now.
    pub(super) fn mark_complete(&mut self) {
        self.previous = None;
        self.fields.retain(|field| *field != "previous_response_id");
    }
}

/// Sees to it that the request goes to the one provider that can serve it, and to no other after it.
///
/// # Errors
/// `not_found` for an earlier response that the caller may not see; `invalid_request` if the model's provider keeps
/// nothing, or not that response.
pub(super) async fn bind(
    state: &HttpState,
    caller: &Caller,
    needs: &Needs,
    request: &mut ParsedRequest,
) -> Result<(), PublicError> {
    let field = needs.fields.first().copied().unwrap_or("previous_response_id");
    let refuse = |message: String| Err(PublicError::new(Code::InvalidRequest, message).at(field));
    let earlier = match &needs.previous {
        Some(id) => Some(objects::find(state, caller, ProviderObjectKind::Response, id).await),
        None => None,
    };
    let (kept, missing) = match earlier {
        None => (None, None),
        Some(Ok(found)) => (Some(found), None),
        // Baton may never have seen it, because it was made before Baton came between. Only admins are sent on to the
        // provider with it: whose it is nobody here knows, and all callers share Baton's key there.
        Some(Err(error)) if error.code == Code::NotFound && caller.role == Role::Admin => (None, Some(error)),
        Some(Err(error)) => return Err(error.at("previous_response_id")),
    };
    let snapshot = state.web.engine.registry().snapshot();
    if let (Some(kept), ModelSelector::Default) = (&kept, &request.selector)
        && let Some(model) = &kept.object.model
    {
        request.selector = ModelSelector::Model(model.to_string());
    }
    let model = snapshot.find(caller, &request.selector, Capability::Chat)?;
    if let Some(kept) = &kept
        // Response ids mean nothing to another provider, even one of the same format.
        && kept.object.provider != model.provider
    {
        return refuse(format!(
            "{field}: the response is stored by `{}`, but the model `{}` is at `{}`",
            kept.object.provider, model.id, model.provider
        ));
    }
    if !stores_responses(&snapshot, model) {
        return match missing {
            Some(error) => Err(error.at("previous_response_id")),
            None => refuse(format!("{field}: not supported by `{}`, the provider of `{}`", model.provider, model.id)),
        };
    }
    // Another provider would know nothing of it.
    request.fallbacks = Some(Vec::new());
    Ok(())
}

/// Whether the model that a request names, or else that one, is at a provider that keeps responses.
pub(super) fn keeps_responses(state: &HttpState, caller: &Caller, body: &Body, or: &ModelId) -> bool {
    let named: Option<String> = body.value("model").and_then(|model| serde_json::from_slice(model).ok());
    let selector = ModelSelector::Model(named.unwrap_or_else(|| or.to_string()));
    let snapshot = state.web.engine.registry().snapshot();
    snapshot.find(caller, &selector, Capability::Chat).is_ok_and(|model| stores_responses(&snapshot, model))
}

/// Whether the provider of the model that is asked for has an endpoint of this format for that.
///
/// # Errors
/// If the model can't be used.
pub(super) fn is_served(
    state: &HttpState,
    caller: &Caller,
    selector: &ModelSelector,
    capability: Capability,
) -> Result<bool, PublicError> {
    let snapshot = state.web.engine.registry().snapshot();
    let model = snapshot.find(caller, selector, Capability::Chat)?;
    let provider = snapshot.providers.get(&model.provider);
    Ok(provider.is_some_and(|provider| provider.dialect(capability, Dialect::Responses, model).is_some()))
}

/// Whether the model is asked in the format whose services keep responses.
fn stores_responses(snapshot: &Snapshot, model: &Model) -> bool {
    let provider = snapshot.providers.get(&model.provider);
    let speaks = provider.and_then(|provider| provider.dialect(Capability::Chat, Dialect::Responses, model));
    speaks == Some(Dialect::Responses)
}
