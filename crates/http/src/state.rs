//! What the request APIs need.

use crate::CorsOrigins;
use axum::extract::FromRef;
use baton_control::{ModelDirectory, ProviderObjects};
use baton_conversations::Conversations;
use baton_web::Web;
use std::sync::Arc;

/// What the request APIs need. Cheap to clone.
#[derive(Clone)]
pub struct HttpState {
    /// What every API needs.
    pub web: Web,
    /// What is registered: an Ollama whose models a client changed is asked for its list again.
    pub models: Arc<ModelDirectory>,
    /// Files, batches and responses that providers keep for callers.
    pub provider_objects: ProviderObjects,
    /// Responses that Baton stores itself.
    pub conversations: Conversations,
    /// What fetches audio that a caller names by its URL.
    pub fetch: baton_fetch::FetchClient,
    /// The origins whose pages may call the client APIs.
    pub cors: CorsOrigins,
}

impl FromRef<HttpState> for Web {
    fn from_ref(state: &HttpState) -> Self {
        state.web.clone()
    }
}
