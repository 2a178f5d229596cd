//! What two vendors, or two models, of one format do differently: data, never code.

#[cfg(feature = "schema")]
use super::defaults::{is_default, or_default};
use super::limits::Limits;

/// How a model, or all models of a provider, differ from their format. Absent fields follow the format.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema, schemars::JsonSchema),
    serde(deny_unknown_fields)
)]
pub struct Quirks {
    /// The name of the output limit in OpenAI's format: `max_tokens` or `max_completion_tokens`.
    #[cfg_attr(
        feature = "schema",
        serde(default, skip_serializing_if = "is_default", deserialize_with = "or_default"),
        schema(value_type = Option<MaxTokensField>),
        schemars(with = "Option<MaxTokensField>")
    )]
    pub max_tokens_field: MaxTokensField,
    /// Parameters that it refuses, by canonical name (`temperature`, `top_p` …): they are left out, and reported in
    /// `x-baton-warning`.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub refuses: Vec<String>,
    /// Parameters that it takes although its vendor refuses them, by their canonical name: another server behind the
    /// vendor's API, say.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub accepts: Vec<String>,
    /// How reasoning is requested: `unsupported`, `budget` or `adaptive`.
    #[cfg_attr(
        feature = "schema",
        serde(default, skip_serializing_if = "is_default", deserialize_with = "or_default"),
        schema(value_type = Option<ReasoningStyle>),
        schemars(with = "Option<ReasoningStyle>")
    )]
    pub reasoning: ReasoningStyle,
    /// How reasoning of earlier turns is sent back in OpenAI's format: `none`, `reasoning_content`, `reasoning` or
    /// `thinking_blocks`. Absent: not at all where a request is translated, as the client sent it where it is not.
    #[cfg_attr(
        feature = "schema",
        serde(default, skip_serializing_if = "is_default", deserialize_with = "or_default"),
        schema(value_type = Option<ReasoningHistory>),
        schemars(with = "Option<ReasoningHistory>")
    )]
    pub reasoning_history: ReasoningHistory,
    /// Whether it supports the developer role; if not, instructions are sent with the system role.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub developer_role: Option<bool>,
    /// Whether it supports usage in streams (`stream_options.include_usage`). Absent: yes.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub stream_usage: Option<bool>,
    /// Whether it continues a final assistant message. Absent: yes.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub prefill: Option<bool>,
    /// Whether instructions may stand in the middle of a conversation; else they move to the top. Absent: yes, but not
    /// in Anthropic's format.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub system_anywhere: Option<bool>,
    /// Whether it supports replies in JSON with a schema. Absent: yes.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub json_schema: Option<bool>,
    /// Whether it supports cache marks in OpenAI's format (`prompt_cache_breakpoint`). Absent: no.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub cache_marks: Option<bool>,
    /// Whether requests with unsupported parts are refused, instead of dropping these parts and reporting them in
    /// `x-baton-warning`. A request can require the same with `x-baton-strict: true`. Absent: no.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub strict: Option<bool>,
    /// Which of OpenAI's two chat APIs it supports: `chat`, `responses`, or `both`, so that each client gets its own.
    #[cfg_attr(
        feature = "schema",
        serde(default, skip_serializing_if = "is_default", deserialize_with = "or_default"),
        schema(value_type = Option<ChatApi>),
        schemars(with = "Option<ChatApi>")
    )]
    pub api: ChatApi,
    /// Media types of the images that it takes: `image/png`, `image/*`, `*`. Of another type the model is told in words
    /// that there was one. Absent: those of the format.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub image_types: Option<Vec<String>>,
    /// Media types of the documents that it takes. Text of another type is sent as text. Absent: those of the format.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub document_types: Option<Vec<String>>,
    /// Formats of the audio that it takes: `wav`, `mp3`. Absent: those of the format.
    #[cfg_attr(feature = "schema", serde(skip_serializing_if = "Option::is_none"))]
    pub audio_formats: Option<Vec<String>>,
    /// Which JSON schemas it takes for tools and replies: `any`, `openai`, `anthropic` or `gemini`. What others hold is
    /// left out. Absent: those of the format.
    #[cfg_attr(
        feature = "schema",
        serde(default, skip_serializing_if = "is_default", deserialize_with = "or_default"),
        schema(value_type = Option<SchemaSubset>),
        schemars(with = "Option<SchemaSubset>")
    )]
    pub schemas: SchemaSubset,
    /// Lengths, alphabets and numbers that it allows, where they are not the format's.
    #[cfg_attr(feature = "schema", serde(default, skip_serializing_if = "is_default"))]
    pub limits: Limits,
}

impl Quirks {
    /// Whether it refuses the parameter of that canonical name.
    pub fn refuses(&self, parameter: &str) -> bool {
        self.refuses.iter().any(|refused| refused == parameter)
    }

    /// These, where `specific` says nothing.
    #[must_use]
    pub fn overlaid_by(&self, specific: &Self) -> Self {
        // All of both: what the service refuses, it refuses for each of its models but those that are said to take it.
        let mut refuses = self.refuses.clone();
        refuses.retain(|name| !specific.accepts.contains(name));
        refuses.extend(specific.refuses.iter().filter(|name| !self.refuses.contains(name)).cloned());
        let mut accepts = self.accepts.clone();
        accepts.extend(specific.accepts.iter().filter(|name| !self.accepts.contains(name)).cloned());
        Self {
            max_tokens_field: specific.max_tokens_field.or(self.max_tokens_field),
            refuses,
            accepts,
            reasoning_history: specific.reasoning_history.or(self.reasoning_history),
            reasoning: specific.reasoning.or(self.reasoning),
            developer_role: specific.developer_role.or(self.developer_role),
            stream_usage: specific.stream_usage.or(self.stream_usage),
            prefill: specific.prefill.or(self.prefill),
            system_anywhere: specific.system_anywhere.or(self.system_anywhere),
            json_schema: specific.json_schema.or(self.json_schema),
            cache_marks: specific.cache_marks.or(self.cache_marks),
            strict: specific.strict.or(self.strict),
            api: specific.api.or(self.api),
            image_types: specific.image_types.clone().or_else(|| self.image_types.clone()),
            document_types: specific.document_types.clone().or_else(|| self.document_types.clone()),
            audio_formats: specific.audio_formats.clone().or_else(|| self.audio_formats.clone()),
            schemas: specific.schemas.or(self.schemas),
            limits: self.limits.overlaid_by(&specific.limits),
        }
    }
}

/// The name of the output limit in OpenAI's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema, schemars::JsonSchema),
    serde(rename_all = "snake_case")
)]
pub enum MaxTokensField {
    /// As the format says: `max_completion_tokens`.
    #[default]
    #[cfg_attr(feature = "schema", serde(skip))]
    Unspecified,
    /// `max_completion_tokens`.
    MaxCompletionTokens,
    /// `max_tokens`: most compatible services know only this one.
    MaxTokens,
}

impl MaxTokensField {
    fn or(self, other: Self) -> Self {
        if self == Self::Unspecified { other } else { self }
    }
}

/// Which of OpenAI's two chat APIs a model or service supports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema, schemars::JsonSchema),
    serde(rename_all = "snake_case")
)]
pub enum ChatApi {
    /// Not said: chat completions, which all of the format have.
    #[default]
    #[cfg_attr(feature = "schema", serde(skip))]
    Unspecified,
    /// Chat completions alone.
    Chat,
    /// Responses alone.
    Responses,
    /// Both: each client is served by its own.
    Both,
}

impl ChatApi {
    /// What a model has at a service: where that has chat completions alone, nothing else, whatever it is elsewhere.
    #[must_use]
    pub fn at(self, service: Self) -> Self {
        // The catalogue knows the model as OpenAI serves it. A compatible service that serves the same model need not
        // have its second API.
        if service == Self::Chat { service } else { self.or(service) }
    }

    fn or(self, other: Self) -> Self {
        if self == Self::Unspecified { other } else { self }
    }
}

/// Which part of JSON schema a vendor takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema, schemars::JsonSchema),
    serde(rename_all = "lowercase")
)]
pub enum SchemaSubset {
    /// Not said: that of the format.
    #[default]
    #[cfg_attr(feature = "schema", serde(skip))]
    Unspecified,
    /// All of it.
    Any,
    /// Where `strict` is true: closed objects whose properties are all required, and no words for lengths.
    OpenAi,
    /// For replies, and for tools where `strict` is true: closed objects, no bounds, no recursion.
    Anthropic,
    /// The words of Google's own type `Schema`.
    Gemini,
}

impl SchemaSubset {
    fn or(self, other: Self) -> Self {
        if self == Self::Unspecified { other } else { self }
    }
}

/// How reasoning is requested from a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema, schemars::JsonSchema),
    serde(rename_all = "snake_case")
)]
pub enum ReasoningStyle {
    /// As the format says: effort at OpenAI, adaptive at Anthropic, `think` at Ollama.
    #[default]
    #[cfg_attr(feature = "schema", serde(skip))]
    Unspecified,
    /// Not at all: reasoning options are dropped and reported.
    Unsupported,
    /// By a budget of tokens (Claude up to 4.5).
    Budget,
    /// Adaptively, with an effort (Claude from 4.6); by a level at Ollama, where others know a switch alone.
    Adaptive,
}

impl ReasoningStyle {
    fn or(self, other: Self) -> Self {
        if self == Self::Unspecified { other } else { self }
    }
}

/// How reasoning of earlier turns is sent back in OpenAI's format, whose reference has no field for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "schema",
    derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema, schemars::JsonSchema),
    serde(rename_all = "snake_case")
)]
pub enum ReasoningHistory {
    /// Not known: left out of what is written, kept in what a client of the format wrote itself.
    #[default]
    #[cfg_attr(feature = "schema", serde(skip))]
    Unspecified,
    /// Refused, so it is taken out of a client's own messages too.
    None,
    /// As text in `reasoning_content`.
    ReasoningContent,
    /// As text in `reasoning`.
    Reasoning,
    /// As text in `reasoning_content`, with signatures and encrypted reasoning in `thinking_blocks`.
    ThinkingBlocks,
}

impl ReasoningHistory {
    fn or(self, other: Self) -> Self {
        if self == Self::Unspecified { other } else { self }
    }
}
