//! Which format declares what.

use super::fate::Declared;
use crate::{anthropic, ollama, openai, responses};
use baton_model::Dialect;

/// The declarations of a format's chats; `None` of a format without a codec.
pub fn declarations(dialect: Dialect) -> Option<Declared> {
    match dialect {
        Dialect::OpenAi => Some(openai::FIDELITY),
        Dialect::Responses => Some(responses::FIDELITY),
        Dialect::Anthropic => Some(anthropic::FIDELITY),
        Dialect::Ollama => Some(ollama::FIDELITY),
    }
}
