//! How a model differs from others of its format, on the wire.

use baton_model::Quirks;
use baton_model::entity::{ChatApi, MaxTokensField, ReasoningStyle};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a model differs from others of its format. Everything absent is the format's own rule.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct QuirksJson {
    /// How the output limit is called in OpenAI's format.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens_field: Option<MaxTokensWord>,
    /// Parameters that it refuses (`temperature`, `top_p` …): left out, and reported in `x-baton-warning`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refuses: Vec<String>,
    /// How it is told to reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<ReasoningWord>,
    /// Whether it knows the developer role.
    #[serde(skip_serializing_if = "Option::is_none")]
    developer_role: Option<bool>,
    /// Whether a stream may be asked for its usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_usage: Option<bool>,
    /// Whether a final assistant message is continued.
    #[serde(skip_serializing_if = "Option::is_none")]
    prefill: Option<bool>,
    /// Whether instructions may stand in the middle of a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    system_anywhere: Option<bool>,
    /// Whether it answers in JSON of a schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<bool>,
    /// Whether it takes cache marks in OpenAI's format.
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_marks: Option<bool>,
    /// Whether requests are refused of which something can't be said to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
    /// Which of OpenAI's two APIs for chats it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<ApiWord>,
}

/// A name of the output limit.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MaxTokensWord {
    MaxTokens,
    MaxCompletionTokens,
}

/// Which of OpenAI's two APIs for chats it has.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ApiWord {
    /// Chat completions.
    Chat,
    /// Responses: requests of all clients go out in that format.
    Responses,
    /// Both: each client is served by its own.
    Both,
}

/// A way to reason.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ReasoningWord {
    Unsupported,
    Budget,
    Adaptive,
}

impl From<QuirksJson> for Quirks {
    fn from(json: QuirksJson) -> Self {
        Self {
            max_tokens_field: match json.max_tokens_field {
                None => MaxTokensField::Unspecified,
                Some(MaxTokensWord::MaxTokens) => MaxTokensField::MaxTokens,
                Some(MaxTokensWord::MaxCompletionTokens) => MaxTokensField::MaxCompletionTokens,
            },
            refuses: json.refuses,
            reasoning: match json.reasoning {
                None => ReasoningStyle::Unspecified,
                Some(ReasoningWord::Unsupported) => ReasoningStyle::Unsupported,
                Some(ReasoningWord::Budget) => ReasoningStyle::Budget,
                Some(ReasoningWord::Adaptive) => ReasoningStyle::Adaptive,
            },
            developer_role: json.developer_role,
            stream_usage: json.stream_usage,
            prefill: json.prefill,
            system_anywhere: json.system_anywhere,
            json_schema: json.json_schema,
            cache_marks: json.cache_marks,
            strict: json.strict,
            api: match json.api {
                None => ChatApi::Unspecified,
                Some(ApiWord::Chat) => ChatApi::Chat,
                Some(ApiWord::Responses) => ChatApi::Responses,
                Some(ApiWord::Both) => ChatApi::Both,
            },
        }
    }
}

impl From<&Quirks> for QuirksJson {
    fn from(quirks: &Quirks) -> Self {
        Self {
            max_tokens_field: match quirks.max_tokens_field {
                MaxTokensField::Unspecified => None,
                MaxTokensField::MaxTokens => Some(MaxTokensWord::MaxTokens),
                MaxTokensField::MaxCompletionTokens => Some(MaxTokensWord::MaxCompletionTokens),
            },
            refuses: quirks.refuses.clone(),
            reasoning: match quirks.reasoning {
                ReasoningStyle::Unspecified => None,
                ReasoningStyle::Unsupported => Some(ReasoningWord::Unsupported),
                ReasoningStyle::Budget => Some(ReasoningWord::Budget),
                ReasoningStyle::Adaptive => Some(ReasoningWord::Adaptive),
            },
            developer_role: quirks.developer_role,
            stream_usage: quirks.stream_usage,
            prefill: quirks.prefill,
            system_anywhere: quirks.system_anywhere,
            json_schema: quirks.json_schema,
            cache_marks: quirks.cache_marks,
            strict: quirks.strict,
            api: match quirks.api {
                ChatApi::Unspecified => None,
                ChatApi::Chat => Some(ApiWord::Chat),
                ChatApi::Responses => Some(ApiWord::Responses),
                ChatApi::Both => Some(ApiWord::Both),
            },
        }
    }
}
