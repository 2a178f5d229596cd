//! Quirks as JSON: what is unspecified is absent.

use baton_model::Quirks;
use baton_model::entity::{ChatApi, MaxTokensField, ReasoningStyle};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Document {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens_field: Option<Field>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refuses: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Style>,
    #[serde(skip_serializing_if = "Option::is_none")]
    developer_role: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_usage: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefill: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_anywhere: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    json_schema: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_marks: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<ApiWord>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Field {
    MaxCompletionTokens,
    MaxTokens,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ApiWord {
    Chat,
    Responses,
    Both,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Style {
    Unsupported,
    Budget,
    Adaptive,
}

pub(crate) fn write(quirks: &Quirks) -> String {
    let Quirks {
        max_tokens_field,
        refuses,
        reasoning,
        developer_role,
        stream_usage,
        prefill,
        system_anywhere,
        json_schema,
        cache_marks,
        strict,
        api,
    } = quirks.clone();
    let document = Document {
        max_tokens_field: match max_tokens_field {
            MaxTokensField::Unspecified => None,
            MaxTokensField::MaxCompletionTokens => Some(Field::MaxCompletionTokens),
            MaxTokensField::MaxTokens => Some(Field::MaxTokens),
        },
        refuses,
        reasoning: match reasoning {
            ReasoningStyle::Unspecified => None,
            ReasoningStyle::Unsupported => Some(Style::Unsupported),
            ReasoningStyle::Budget => Some(Style::Budget),
            ReasoningStyle::Adaptive => Some(Style::Adaptive),
        },
        developer_role,
        stream_usage,
        prefill,
        system_anywhere,
        json_schema,
        cache_marks,
        strict,
        api: match api {
            ChatApi::Unspecified => None,
            ChatApi::Chat => Some(ApiWord::Chat),
            ChatApi::Responses => Some(ApiWord::Responses),
            ChatApi::Both => Some(ApiWord::Both),
        },
    };
    serde_json::to_string(&document).unwrap_or_default()
}

pub(crate) fn read(text: &str) -> Result<Quirks, serde_json::Error> {
    let document: Document = serde_json::from_str(text)?;
    Ok(Quirks {
        max_tokens_field: match document.max_tokens_field {
            None => MaxTokensField::Unspecified,
            Some(Field::MaxCompletionTokens) => MaxTokensField::MaxCompletionTokens,
            Some(Field::MaxTokens) => MaxTokensField::MaxTokens,
        },
        refuses: document.refuses,
        reasoning: match document.reasoning {
            None => ReasoningStyle::Unspecified,
            Some(Style::Unsupported) => ReasoningStyle::Unsupported,
            Some(Style::Budget) => ReasoningStyle::Budget,
            Some(Style::Adaptive) => ReasoningStyle::Adaptive,
        },
        developer_role: document.developer_role,
        stream_usage: document.stream_usage,
        prefill: document.prefill,
        system_anywhere: document.system_anywhere,
        json_schema: document.json_schema,
        cache_marks: document.cache_marks,
        strict: document.strict,
        api: match document.api {
            None => ChatApi::Unspecified,
            Some(ApiWord::Chat) => ChatApi::Chat,
            Some(ApiWord::Responses) => ChatApi::Responses,
            Some(ApiWord::Both) => ChatApi::Both,
        },
    })
}
