//! Requests that need something kept: an earlier response to go on from, a conversation, a stored prompt, or to be
//! replied in the background.

use crate::{HttpState, objects};
use baton_engine::{ModelSelector, Snapshot};
use baton_model::entity::ProviderObjectKind;
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
    let given = |name: &str| body.value(name).filter(|value| !matches!(*value, b"null" | b"false"));
    let previous = match given("previous_response_id") {
        None => None,
        Some(text) => Some(serde_json::from_slice(text).map_err(|_| {
            PublicError::new(Code::InvalidRequest, "previous_response_id: expected a string").at("previous_response_id")
        })?),
    };
    let fields = FIELDS.into_iter().filter(|name| given(name).is_some()).collect();
    // Only a literal `false` turns storing off; the format's default is on.
    Ok(Needs { store: body.value("store") != Some(b"false"), previous, fields })
}

impl Needs {
    /// Whether only some providers can serve it.
    pub(super) fn bound(&self) -> bool {
        !self.fields.is_empty()
    }

    /// Says that what came before is said in full now.
    pub(super) fn taken_up(&mut self) {
        self.previous = None;
        self.fields.retain(|field| *field != "previous_response_id");
    }
}

async fn is_known(state: &HttpState, response: &str) -> Result<bool, PublicError> {
    state.provider_objects.is_known(ProviderObjectKind::Response, response).await
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
    let kept = match &needs.previous {
        Some(id) => {
            match objects::find(state, caller, ProviderObjectKind::Response, id).await {
                Ok(found) => Some(found),
                // What Baton never saw was made before it came between; the provider knows.
                Err(error) if error.code == Code::NotFound && !is_known(state, id).await? => None,
                Err(error) => return Err(error.at("previous_response_id")),
            }
        }
        None => None,
    };
    let snapshot = state.web.engine.registry().snapshot();
    if let (Some(kept), ModelSelector::Default) = (&kept, &request.selector)
        && let Some(model) = &kept.object.model
    {
        request.selector = ModelSelector::Model(model.to_string());
    }
    let model = snapshot.get(&request.selector, Capability::Chat)?;
    if let Some(kept) = &kept
        // Response ids mean nothing to another provider, even one of the same format.
        && kept.object.provider != model.provider
    {
        return refuse(format!(
            "{field}: the response is kept by `{}`, and the model `{}` is at `{}`",
            kept.object.provider, model.id, model.provider
        ));
    }
    if !keeps(&snapshot, model) {
        return match &needs.previous {
            Some(id) => refuse(format!("{field}: unknown response `{id}` for this key")),
            None => {
                refuse(format!("{field}: `{}`, the provider of `{}`, keeps nothing for it", model.provider, model.id))
            }
        };
    }
    // Another provider would know nothing of it.
    request.fallbacks = Some(Vec::new());
    Ok(())
}

/// Whether the model that a request names, or else that one, is at a provider that keeps responses.
pub(super) fn keeper(state: &HttpState, body: &Body, or: &ModelId) -> bool {
    let named: Option<String> = body.value("model").and_then(|model| serde_json::from_slice(model).ok());
    let selector = ModelSelector::Model(named.unwrap_or_else(|| or.to_string()));
    let snapshot = state.web.engine.registry().snapshot();
    snapshot.get(&selector, Capability::Chat).is_ok_and(|model| keeps(&snapshot, model))
}

/// Whether the model is asked in the format whose services keep responses.
fn keeps(snapshot: &Snapshot, model: &Model) -> bool {
    let provider = snapshot.providers.get(&model.provider);
    let speaks = provider.and_then(|provider| provider.dialect(Capability::Chat, Dialect::Responses, model));
    speaks == Some(Dialect::Responses)
}
