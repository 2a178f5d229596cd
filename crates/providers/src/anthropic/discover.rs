//! The models of Anthropic: `GET /v1/models`, page by page.

use super::version::VERSION;
use crate::client::ProviderClient;
use baton_model::{Capability, Dialect};
use baton_provider_api::{DiscoveredModel, ProviderError};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

/// More pages than Anthropic will ever need; a service that never ends its list is cut off here.
const MOST_PAGES: usize = 50;

#[derive(Deserialize)]
struct Page {
    data: Vec<Entry>,
    #[serde(default)]
    has_more: bool,
    #[serde(default)]
    last_id: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    max_input_tokens: Option<u64>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    capabilities: Option<Abilities>,
}

#[derive(Deserialize)]
struct Abilities {
    #[serde(default)]
    thinking: Option<Ability>,
}

#[derive(Deserialize)]
struct Ability {
    #[serde(default)]
    supported: bool,
}

pub(super) async fn discover(client: &ProviderClient) -> Result<Vec<DiscoveredModel>, ProviderError> {
    let mut models = Vec::new();
    let mut query = "limit=1000".to_owned();
    for _ in 0..MOST_PAGES {
        let page: Page = client.json(Dialect::Anthropic, "/v1/models", Some(&query), None, VERSION).await?;
        models.extend(page.data.into_iter().map(Entry::model));
        // A page that promises more without saying from where would be read for ever.
        let Some(last) = page.last_id.filter(|_| page.has_more) else { break };
        // Encoded, because the id comes from the service: it must not add a parameter of its own.
        query = format!("limit=1000&after_id={}", utf8_percent_encode(&last, NON_ALPHANUMERIC));
    }
    Ok(models)
}

impl Entry {
    fn model(self) -> DiscoveredModel {
        let thinking = self.capabilities.and_then(|abilities| abilities.thinking);
        DiscoveredModel {
            upstream: self.id,
            display_name: self.display_name,
            // Anthropic's list does not say so, and the API has nothing else for a model.
            capabilities: vec![Capability::Chat],
            token_limit: self.max_input_tokens,
            max_tokens: self.max_tokens,
            reasoning: thinking.map(|thinking| thinking.supported),
        }
    }
}
