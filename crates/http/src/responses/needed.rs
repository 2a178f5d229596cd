//! Requests that need something kept: an earlier response to go on from, a conversation, a stored prompt, or to be
//! answered in the background.

use crate::exchange::Asked;
use crate::{Doors, kept};
use baton_dialect::framing::splice;
use baton_engine::Wanted;
use baton_model::entity::HoldingKind;
use baton_model::{Caller, Capability, Code, Dialect, PublicError};
use bytes::Bytes;

/// What a request needs of the provider that serves it.
pub(super) struct Needs {
    /// Whether the answer is to be kept; the format's default is yes.
    pub(super) store: bool,
    /// The response that it goes on from.
    previous: Option<String>,
    /// The first field that asks for something kept.
    field: Option<&'static str>,
}

/// The fields that only a provider of this format can serve.
const FIELDS: [&str; 4] = ["previous_response_id", "conversation", "prompt", "background"];

/// Looks at the fields.
///
/// # Errors
/// If one has the wrong type.
pub(super) fn read(body: &Bytes) -> Result<Needs, PublicError> {
    let body = splice::scan(body.clone())?;
    let given = |name: &str| body.value(name).filter(|value| !matches!(*value, b"null" | b"false"));
    let previous = match given("previous_response_id") {
        None => None,
        Some(text) => Some(serde_json::from_slice(text).map_err(|_| {
            PublicError::new(Code::InvalidRequest, "previous_response_id: expected a string").at("previous_response_id")
        })?),
    };
    let field = FIELDS.into_iter().find(|name| given(name).is_some());
    Ok(Needs { store: body.value("store") != Some(b"false"), previous, field })
}

impl Needs {
    /// Whether only some providers can serve it.
    pub(super) fn bound(&self) -> bool {
        self.field.is_some()
    }
}

async fn is_known(doors: &Doors, response: &str) -> Result<bool, PublicError> {
    doors.holdings.is_known(HoldingKind::Response, response).await
}

/// Sees to it that the request goes to the one provider that can serve it, and to no other after it.
///
/// # Errors
/// `not_found` for an earlier response that the caller may not see; `invalid_request` if the model's provider keeps
/// nothing, or not that response.
pub(super) async fn bind(doors: &Doors, caller: &Caller, needs: &Needs, asked: &mut Asked) -> Result<(), PublicError> {
    let field = needs.field.unwrap_or("previous_response_id");
    let refuse = |message: String| Err(PublicError::new(Code::InvalidRequest, message).at(field));
    let kept = match &needs.previous {
        Some(id) => {
            match kept::find(doors, caller, HoldingKind::Response, id).await {
                Ok(found) => Some(found),
                // What Baton never saw was made before it came between; the provider knows.
                Err(error) if error.code == Code::NotFound && !is_known(doors, id).await? => None,
                Err(error) => return Err(error.at("previous_response_id")),
            }
        }
        None => None,
    };
    let snapshot = doors.engine.registry().snapshot();
    if let (Some(kept), Wanted::Default) = (&kept, &asked.wanted)
        && let Some(model) = &kept.holding.model
    {
        asked.wanted = Wanted::Model(model.to_string());
    }
    let model = snapshot.get(&asked.wanted, Capability::Chat)?;
    if let Some(kept) = &kept
        && kept.holding.provider != model.provider
    {
        return refuse(format!(
            "{field}: the response is kept by `{}`, and the model `{}` is at `{}`",
            kept.holding.provider, model.id, model.provider
        ));
    }
    let provider = snapshot.providers.get(&model.provider);
    let speaks = provider.and_then(|provider| provider.dialect(Capability::Chat, Dialect::Responses, model));
    if speaks != Some(Dialect::Responses) {
        return refuse(format!("{field}: `{}`, the provider of `{}`, keeps nothing for it", model.provider, model.id));
    }
    // Another provider would know nothing of it.
    asked.fallbacks = Some(Vec::new());
    Ok(())
}
