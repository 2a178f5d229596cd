//! Where an attempt goes, and what must be said differently there.

use crate::chat::Json;
use crate::entity::Model;
use std::sync::Arc;

/// One model as the aim of one attempt.
#[derive(Debug, Clone)]
pub struct Target {
    /// The model.
    pub model: Arc<Model>,
    /// The output limit to ask for in place of the client's: lowered to what fits, or set where the client gave none
    /// and the format requires one.
    pub max_output_tokens: Option<u64>,
    /// The context window to ask for (Ollama's `num_ctx`), so that the provider never cuts a prompt silently.
    pub context_window: Option<u64>,
}

impl Target {
    /// The model, with nothing to be said differently.
    pub fn new(model: Arc<Model>) -> Self {
        Self { model, max_output_tokens: None, context_window: None }
    }

    /// What the provider calls the model.
    pub fn upstream(&self) -> &str {
        &self.model.upstream
    }

    /// Defaults for requests that the operator gave the model: fields of OpenAI's chat format.
    pub fn defaults(&self) -> &[(String, Json)] {
        &self.model.configuration
    }
}
