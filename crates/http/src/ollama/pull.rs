//! `POST /api/pull`: a model that Baton has is there; any other is pulled by the Ollama behind, for admins.

use super::manage::{self, require_admin};
use super::named::{ModelName, Place};
use crate::{HttpState, upstream};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use baton_dialect::framing::splice;
use baton_model::{Code, PublicError};
use baton_web::headers::value;
use baton_web::{Inbound, Refused};
use http::header::CONTENT_TYPE;

/// What a server streams of a pull of what it has.
const PULLED: &str = "{\"status\":\"pulling manifest\"}\n{\"status\":\"success\"}\n";

/// Where a request names the model.
const FIELDS: &[&str] = &["model", "name"];

/// Pulls a model.
///
/// # Errors
/// If the model is not there, and the caller is no admin or there is no Ollama to pull it.
pub async fn serve(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    let snapshot = state.web.engine.registry().snapshot();
    let bytes = inbound.read_body().await?;
    // With the header, a certain server is to pull it, whatever Baton has under that name.
    if inbound.parts.headers.contains_key("x-baton-provider") {
        require_admin(&inbound.caller)?;
        let target = manage::find_target(&snapshot, &inbound, bytes, &[])?;
        return manage::pass_on(state, &inbound, target).await;
    }
    let body = splice::scan(bytes.clone())?;
    let named = ModelName::read(&body, FIELDS)?;
    let refused = require_admin(&inbound.caller);
    match named.find(&snapshot, &inbound.caller) {
        // Programs pull a model before they use it. One that is here, or in a cloud, needs nothing of the kind.
        Place::Elsewhere(_) => return Ok(pulled(body.value("stream") != Some(b"false"))),
        // Pulled again it may become another, which is an admin's to decide.
        Place::Ollama(_) if refused.is_err() => return Ok(pulled(body.value("stream") != Some(b"false"))),
        _ => {}
    }
    refused.map_err(|refused| how_to_register(refused.code, &refused.message))?;
    let has_ollama = snapshot.providers.values().any(|provider| provider.kind() == "ollama");
    if !has_ollama {
        let message = format!("unknown model `{}`, and no Ollama is configured that could pull it", named.name);
        return Err(how_to_register(Code::ModelNotFound, &message).into());
    }
    let target = manage::find_target(&snapshot, &inbound, bytes, FIELDS)?;
    manage::pass_on(state, &inbound, target).await
}

/// A refusal that says where models come from: whoever asks for a pull knows Ollama's way alone.
fn how_to_register(code: Code, message: &str) -> PublicError {
    let how = "models of other providers are registered by `POST /api/models` or in baton.toml";
    PublicError::new(code, format!("{message}; {how}")).at("model")
}

fn pulled(streams: bool) -> Response {
    if !streams {
        return upstream::json(b"{\"status\":\"success\"}".to_vec());
    }
    let mut response = Response::new(Body::from(PULLED));
    response.headers_mut().insert(CONTENT_TYPE, value("application/x-ndjson"));
    response
}
