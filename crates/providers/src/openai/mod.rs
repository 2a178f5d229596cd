//! OpenAI, and whoever speaks its format.
//!
//! Reference: OpenAI API reference (chat completions, completions, embeddings, images, audio, models); Azure OpenAI
//! REST reference for the paths with deployments.

mod discover;

use crate::client::ProviderClient;
use crate::presets::{PathStyle, Preset};
use baton_model::entity::ChatApi;
use baton_model::{Capability, Detail, Dialect, Model, ProviderId};
use baton_provider_api::{
    DiscoveredModel, Exchange, Forward, Forwarded, OutgoingRequest, Provider, ProviderError, ProviderSettings,
    Recording,
};
use futures::future::BoxFuture;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A service in OpenAI's format.
pub(crate) struct OpenAi {
    client: ProviderClient,
    capabilities: &'static [Capability],
    paths: PathStyle,
}

impl OpenAi {
    pub(crate) fn new(client: ProviderClient, preset: &Preset) -> Self {
        Self { client, capabilities: preset.capabilities, paths: preset.paths }
    }

    async fn call(&self, outgoing: OutgoingRequest<'_>) -> Result<Exchange, ProviderError> {
        let endpoint = path(outgoing.dialect, outgoing.capability)
            .filter(|_| self.serves(outgoing.capability))
            .ok_or_else(|| self.client.not_served(outgoing.capability))?;
        let path = match self.paths {
            PathStyle::Plain => endpoint.to_owned(),
            PathStyle::Deployments => {
                // A name from the registration becomes part of the path: a slash in it would lead elsewhere.
                let deployment = utf8_percent_encode(outgoing.target.upstream(), NON_ALPHANUMERIC);
                format!("/openai/deployments/{deployment}{endpoint}")
            }
        };
        self.client.call(outgoing, &path, &[]).await
    }
}

impl Provider for OpenAi {
    fn id(&self) -> &ProviderId {
        &self.client.id
    }

    fn kind(&self) -> &'static str {
        "openai"
    }

    fn settings(&self) -> &ProviderSettings {
        &self.client.settings
    }

    fn serves(&self, capability: Capability) -> bool {
        let has_path = [Dialect::OpenAi, Dialect::Responses].iter().any(|format| path(*format, capability).is_some());
        has_path && self.capabilities.contains(&capability.listed_as())
    }

    fn dialect(&self, capability: Capability, client: Dialect, model: &Model) -> Option<Dialect> {
        // Responses only where model and vendor have them: most compatible services do not.
        let api = model.quirks.api.at(self.client.quirks.api);
        let dialect = match (capability, api) {
            (Capability::Chat, ChatApi::Responses) => Dialect::Responses,
            (Capability::Chat, ChatApi::Both) if client == Dialect::Responses => Dialect::Responses,
            // The vendor itself has all of the API. Of compatible services, those with responses have no more of it.
            (Capability::TokenCount | Capability::Compaction, ChatApi::Both) if client == Dialect::Responses => {
                Dialect::Responses
            }
            (Capability::TokenCount | Capability::Compaction, _) => return None,
            _ => Dialect::OpenAi,
        };
        self.serves(capability).then_some(dialect)
    }

    fn send<'a>(&'a self, outgoing: OutgoingRequest<'a>) -> BoxFuture<'a, Result<Exchange, ProviderError>> {
        Box::pin(self.call(outgoing))
    }

    fn replay(&self, recording: &Recording, detail: Detail) -> Result<Exchange, ProviderError> {
        self.client.replay(recording, detail)
    }

    fn forward<'a>(&'a self, forward: Forward<'a>) -> BoxFuture<'a, Result<Forwarded, ProviderError>> {
        Box::pin(async move {
            let path = match self.paths {
                PathStyle::Plain => forward.path.to_owned(),
                // What belongs to no deployment stands beside them.
                PathStyle::Deployments => format!("/openai{}", forward.path),
            };
            self.client.forward(forward, &path, &[]).await
        })
    }

    fn discover(&self) -> BoxFuture<'_, Result<Vec<DiscoveredModel>, ProviderError>> {
        Box::pin(discover::discover(&self.client, self.paths))
    }
}

/// The path of a capability in a format, below `/v1`.
pub(crate) fn path(dialect: Dialect, capability: Capability) -> Option<&'static str> {
    match (dialect, capability) {
        (Dialect::OpenAi, Capability::Chat) => Some("/chat/completions"),
        (Dialect::Responses, Capability::Chat) => Some("/responses"),
        (Dialect::Responses, Capability::TokenCount) => Some("/responses/input_tokens"),
        (Dialect::Responses, Capability::Compaction) => Some("/responses/compact"),
        (Dialect::OpenAi, Capability::Completion) => Some("/completions"),
        (Dialect::OpenAi, Capability::Embedding) => Some("/embeddings"),
        (Dialect::OpenAi, Capability::ImageGeneration) => Some("/images/generations"),
        (Dialect::OpenAi, Capability::ImageEdit) => Some("/images/edits"),
        (Dialect::OpenAi, Capability::ImageVariation) => Some("/images/variations"),
        (Dialect::OpenAi, Capability::AudioTranscription) => Some("/audio/transcriptions"),
        (Dialect::OpenAi, Capability::AudioTranslation) => Some("/audio/translations"),
        (Dialect::OpenAi, Capability::AudioSpeech) => Some("/audio/speech"),
        (Dialect::OpenAi, Capability::Moderation) => Some("/moderations"),
        (Dialect::OpenAi, Capability::Rerank) => Some("/rerank"),
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::{ProviderConfig, build};

    use baton_model::{ModelSource, Quirks};
    use baton_provider_api::Transport;

    fn model(api: ChatApi) -> Model {
        Model {
            capabilities: vec![Capability::Chat],
            source: ModelSource::Config,
            quirks: Quirks { api, ..Quirks::default() },
            ..Model::new("m", "p")
        }
    }

    #[test]
    fn a_model_is_asked_by_the_api_that_it_has_there() {
        use ChatApi::{Both, Chat, Responses, Unspecified};
        let (chat, responses) = (Dialect::OpenAi, Dialect::Responses);
        for (kind, said, api, of_chat, of_responses) in [
            ("openai", Unspecified, Unspecified, chat, responses),
            ("openai", Unspecified, Responses, responses, responses),
            ("openai", Unspecified, Chat, chat, chat),
            ("openai", Chat, Responses, chat, chat),
            ("groq", Unspecified, Responses, chat, chat),
            ("groq", Both, Unspecified, chat, responses),
            ("openai-compatible", Unspecified, Unspecified, chat, chat),
            ("openai-compatible", Unspecified, Responses, responses, responses),
        ] {
            let mut config = ProviderConfig::new("p", kind);
            config.api_key = Some(crate::SecretValue::new("k"));
            config.base_url = Some("http://127.0.0.1:1/v1".into());
            config.quirks.api = said;
            let provider = build(&config, &Transport::default()).unwrap();
            let asked = |client| provider.dialect(Capability::Chat, client, &model(api)).unwrap();
            let told = (asked(Dialect::Anthropic), asked(chat), asked(responses));
            assert_eq!(told, (of_chat, of_chat, of_responses), "{kind} {said:?} {api:?}");
        }
    }
}
