//! Quirks as the data file has them.

use baton_model::Quirks;
use baton_model::entity::{ChatApi, Limits, MaxTokensField, ReasoningHistory, ReasoningStyle};
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct QuirksFile {
    #[serde(default)]
    refuses: Vec<String>,
    #[serde(default)]
    accepts: Vec<String>,
    reasoning: Option<ReasoningFile>,
    max_tokens_field: Option<MaxTokensFile>,
    prefill: Option<bool>,
    system_anywhere: Option<bool>,
    json_schema: Option<bool>,
    developer_role: Option<bool>,
    api: Option<ApiFile>,
    reasoning_history: Option<ReasoningHistoryFile>,
    /// The most characters of a call's id.
    call_id: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReasoningHistoryFile {
    None,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ApiFile {
    Chat,
    Responses,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReasoningFile {
    Unsupported,
    Budget,
    Adaptive,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum MaxTokensFile {
    MaxCompletionTokens,
    MaxTokens,
}

impl From<QuirksFile> for Quirks {
    fn from(file: QuirksFile) -> Self {
        Self {
            refuses: file.refuses,
            accepts: file.accepts,
            reasoning: match file.reasoning {
                None => ReasoningStyle::Unspecified,
                Some(ReasoningFile::Unsupported) => ReasoningStyle::Unsupported,
                Some(ReasoningFile::Budget) => ReasoningStyle::Budget,
                Some(ReasoningFile::Adaptive) => ReasoningStyle::Adaptive,
            },
            max_tokens_field: match file.max_tokens_field {
                None => MaxTokensField::Unspecified,
                Some(MaxTokensFile::MaxCompletionTokens) => MaxTokensField::MaxCompletionTokens,
                Some(MaxTokensFile::MaxTokens) => MaxTokensField::MaxTokens,
            },
            prefill: file.prefill,
            system_anywhere: file.system_anywhere,
            json_schema: file.json_schema,
            developer_role: file.developer_role,
            api: match file.api {
                None => ChatApi::Unspecified,
                Some(ApiFile::Chat) => ChatApi::Chat,
                Some(ApiFile::Responses) => ChatApi::Responses,
            },
            reasoning_history: match file.reasoning_history {
                None => ReasoningHistory::Unspecified,
                Some(ReasoningHistoryFile::None) => ReasoningHistory::None,
            },
            limits: Limits { call_id: file.call_id, ..Limits::default() },
            ..Self::default()
        }
    }
}
