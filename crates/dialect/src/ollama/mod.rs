//! Ollama's own format: chats, completions and embeddings under `/api`.
//!
//! Reference: Ollama API documentation (`docs/api.md`, and `api/types.go` where it is silent); replies recorded from
//! version 0.9.3. What is special about the format:
//! - sampling stands in an object of its own, `options`, beside what only the runner knows (`num_ctx`): [`options`];
//! - it streams unless told not to, one JSON object a line, the last with `done: true`: [`line`];
//! - a prompt that is too long for the window is cut without a word, so requests written here forbid it;
//! - tool calls come whole, with arguments as an object, from older servers without ids: [`calls`].

mod calls;
mod chat;
mod completion;
mod embedding;
pub mod error;
mod fidelity;
mod line;
mod options;
mod stream;
#[cfg(test)]
mod tests;
mod time;
mod writer;

pub use fidelity::FIDELITY;

use crate::Codec;
use baton_model::Capability;

/// The codec of a capability in this format.
pub fn codec(capability: Capability) -> Option<&'static dyn Codec> {
    Some(match capability {
        Capability::Chat => &chat::OllamaChatCodec,
        Capability::Completion => &completion::OllamaCompletionCodec,
        Capability::Embedding => &embedding::OllamaEmbeddingCodec,
        _ => return None,
    })
}
