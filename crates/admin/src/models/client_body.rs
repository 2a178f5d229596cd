//! Which client API a request body belongs to, by its fields.
//!
//! Programs have the body that they would send to a model; nobody should have to convert it to know its size. Where a
//! body is the same in several APIs, it counts the same in them, so the first that fits is taken.

use super::request_body;
use baton_dialect::framing::splice;
use baton_engine::Snapshot;
use baton_model::{Body, Capability, PublicError};
use baton_web::ClientApi;
use bytes::Bytes;
use memchr::memmem;

/// Names of the APIs in the parameter `api`.
pub const APIS: &str = "native, openai, responses, anthropic or ollama";

/// The API of that name.
pub fn lookup(name: &str) -> Option<ClientApi> {
    let all = [ClientApi::Native, ClientApi::OpenAi, ClientApi::Responses, ClientApi::Anthropic, ClientApi::Ollama];
    all.into_iter().find(|api| api.name() == name)
}

/// The API and the capability of a body; `said` is the API that the client names.
///
/// # Errors
/// `invalid_request` if the body is no JSON object, or has none of the fields that requests have.
pub fn recognize(
    bytes: &Bytes,
    said: Option<ClientApi>,
    snapshot: &Snapshot,
) -> Result<(ClientApi, Capability), PublicError> {
    let body = splice::scan(bytes.clone())?;
    let api = said.unwrap_or_else(|| api(&body, snapshot));
    let has = |name: &str| body.value(name).is_some();
    Ok(match api {
        ClientApi::Responses | ClientApi::Anthropic => (api, Capability::Chat),
        ClientApi::Ollama if has("prompt") => (api, Capability::Completion),
        ClientApi::Ollama if has("input") => (api, Capability::Embedding),
        ClientApi::Ollama => (api, Capability::Chat),
        ClientApi::Native | ClientApi::OpenAi => (api, request_body::capability(bytes, None, snapshot)?),
    })
}

fn api(body: &Body, snapshot: &Snapshot) -> ClientApi {
    const RESPONSES: [&str; 9] = [
        "instructions",
        "max_output_tokens",
        "text",
        "previous_response_id",
        "conversation",
        "reasoning",
        "include",
        "truncation",
        "store",
    ];
    let any = |names: &[&str]| names.iter().any(|name| body.value(name).is_some());
    let ollama = ["options", "keep_alive", "think", "format", "raw", "template"];
    // Baton's own fields are read by its own API alone. A `provider` that is an object is OpenRouter's.
    if any(&["model_id"]) || body.value("provider").is_some_and(|value| value.starts_with(b"\"")) {
        return ClientApi::Native;
    }
    if any(&["messages"]) {
        return if any(&["system", "stop_sequences", "thinking", "anthropic_version"]) || has_blocks(body) {
            ClientApi::Anthropic
        } else if any(&ollama) || holds(body, "messages", b"\"images\"") {
            ClientApi::Ollama
        } else {
            ClientApi::Native
        };
    }
    if any(&["input"]) && !any(&["voice"]) {
        let items = body.value("input").is_some_and(|input| input.first() == Some(&b'[') && input.contains(&b'{'));
        return if any(&RESPONSES) || any(&["tools"]) || items || only_chats(body, snapshot) {
            ClientApi::Responses
        } else if any(&["options", "keep_alive"]) {
            ClientApi::Ollama
        } else {
            ClientApi::Native
        };
    }
    if any(&["prompt"]) && any(&ollama) { ClientApi::Ollama } else { ClientApi::Native }
}

/// Whether messages or tools have members that Anthropic's alone have. A quotation mark within a text is escaped, so no
/// text looks like a member.
fn has_blocks(body: &Body) -> bool {
    holds(body, "tools", b"\"input_schema\"")
        || [&b"\"tool_use_id\""[..], b"\"media_type\"", b"\"thinking\""]
            .iter()
            .any(|member| holds(body, "messages", member))
}

fn holds(body: &Body, field: &str, member: &[u8]) -> bool {
    body.value(field).is_some_and(|value| memmem::find(value, member).is_some())
}

/// Whether the requested model makes no vectors, so that a bare text is no text for it to embed.
fn only_chats(body: &Body, snapshot: &Snapshot) -> bool {
    let name: Option<String> = body.value("model").and_then(|text| serde_json::from_slice(text).ok());
    let model = name.and_then(|name| snapshot.models.get(name.as_str()));
    model.is_some_and(|model| {
        model.capabilities.contains(&Capability::Chat) && !model.capabilities.contains(&Capability::Embedding)
    })
}
