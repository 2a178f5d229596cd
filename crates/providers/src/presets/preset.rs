//! What is known of a vendor.

use baton_model::entity::{ChatApi, Limits, MaxTokensField, ReasoningHistory, SchemaSubset};
use baton_model::{Capability, Dialect, Quirks};
use baton_provider_api::ProviderSettings;
use std::time::Duration;

/// A vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Its name in the catalogue, if that is another one.
    pub catalogue: Option<&'static str>,
    /// The format it speaks.
    pub dialect: Dialect,
    /// Where it is; `None` where every customer or machine has an address of its own.
    pub base_url: Option<&'static str>,
    /// The environment variable that usually holds the key.
    pub key_env: Option<&'static str>,
    /// Whether a key is needed.
    pub key: KeyRequirement,
    /// How the key is sent.
    pub auth: AuthHeader,
    /// How its paths are made.
    pub paths: PathStyle,
    /// A query that every request needs.
    pub query: Option<&'static str>,
    /// What it has endpoints for.
    pub capabilities: &'static [Capability],
    /// How the output limit is called.
    pub max_tokens: MaxTokensField,
    /// Whether a stream may be asked for its usage.
    pub stream_usage: Option<bool>,
    /// Whether the developer role is known.
    pub developer_role: Option<bool>,
    /// Whether structured output by schema is known.
    pub json_schema: Option<bool>,
    /// Parameters that it refuses, by their canonical name.
    pub refuses: &'static [&'static str],
    /// How reasoning of earlier turns is sent back.
    pub reasoning_history: ReasoningHistory,
    /// Media types of images that it takes, where they are not the format's.
    pub image_types: Option<&'static [&'static str]>,
    /// Media types of documents that it takes, where they are not the format's.
    pub document_types: Option<&'static [&'static str]>,
    /// Formats of audio that it takes, where they are not the format's.
    pub audio_formats: Option<&'static [&'static str]>,
    /// Which JSON schemas it takes, where that is not the format's.
    pub schemas: SchemaSubset,
    /// Lengths, alphabets and numbers that it allows, where they are not the format's.
    pub limits: Limits,
    /// Which of OpenAI's two APIs for chats it has; the model says where this does not.
    pub api: ChatApi,
    /// How long the first token may take, where that is not the usual.
    pub first_token: Option<Duration>,
}

/// Whether a vendor needs a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRequirement {
    /// Nothing works without.
    Required,
    /// The operator of the server decides.
    Optional,
}

/// How a key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthHeader {
    /// `Authorization: Bearer …`.
    Bearer,
    /// In a header of its own.
    Header(&'static str),
}

/// How paths are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathStyle {
    /// The format's own, below the address.
    Plain,
    /// Below `/openai/deployments/MODEL` (Azure's older API).
    Deployments,
}

impl Preset {
    /// How its models differ from others of the format.
    pub fn quirks(&self) -> Quirks {
        let owned = |list: Option<&[&str]>| list.map(|list| list.iter().map(ToString::to_string).collect());
        Quirks {
            max_tokens_field: self.max_tokens,
            stream_usage: self.stream_usage,
            developer_role: self.developer_role,
            json_schema: self.json_schema,
            refuses: self.refuses.iter().map(ToString::to_string).collect(),
            reasoning_history: self.reasoning_history,
            image_types: owned(self.image_types),
            document_types: owned(self.document_types),
            audio_formats: owned(self.audio_formats),
            schemas: self.schemas,
            limits: self.limits,
            api: self.api,
            ..Quirks::default()
        }
    }

    /// How it is to be treated if the operator says nothing.
    pub fn settings(&self) -> ProviderSettings {
        let mut settings = ProviderSettings::default();
        if let Some(time) = self.first_token {
            settings.timeouts.first_token = time;
        }
        settings
    }
}

impl AuthHeader {
    /// Name and value of the header that carries a key.
    pub(crate) fn header(self, key: &str) -> (&'static str, String) {
        match self {
            Self::Bearer => ("authorization", if key.is_empty() { String::new() } else { format!("Bearer {key}") }),
            Self::Header(name) => (name, key.to_owned()),
        }
    }
}
