//! Counts of tokens, written for clients of the formats that have an endpoint for them.

use crate::{EncodedBody, anthropic, responses};
use baton_model::Dialect;

/// The count in a client's format; Anthropic's where the format has none.
pub fn write_reply(dialect: Dialect, input_tokens: u64) -> EncodedBody {
    match dialect {
        Dialect::Responses => responses::aside::write_count(input_tokens),
        Dialect::OpenAi | Dialect::Anthropic | Dialect::Ollama => anthropic::count_tokens::write_reply(input_tokens),
    }
}
