//! What two vendors, or two models, of one format do differently: data, never code.

/// How a model differs from others of its format. Everything absent is the format's own rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quirks {
    /// How the output limit is called in OpenAI's format.
    pub max_tokens_field: MaxTokensField,
    /// Parameters that it refuses, by their canonical name (`temperature`, `top_p`, `stop` …): dropped and reported.
    pub refuses: Vec<String>,
    /// How it is told to reason.
    pub reasoning: ReasoningStyle,
    /// Whether it knows the developer role; else instructions are sent as system.
    pub developer_role: Option<bool>,
    /// Whether a stream may be asked for its usage (`stream_options.include_usage`). Absent: yes.
    pub stream_usage: Option<bool>,
    /// Whether a final assistant message is continued. Absent: yes.
    pub prefill: Option<bool>,
    /// Whether instructions may stand in the middle of a conversation (Anthropic). Absent: no, they move to the top.
    pub system_anywhere: Option<bool>,
    /// Whether structured output by schema is known. Absent: yes.
    pub json_schema: Option<bool>,
    /// Whether it takes cache marks in OpenAI's format (`prompt_cache_breakpoint`). Absent: no.
    pub cache_marks: Option<bool>,
    /// Whether requests are refused of which something can't be said to it, instead of being told of it. Absent: no.
    pub strict: Option<bool>,
    /// Which of OpenAI's two APIs for chats it has.
    pub api: ChatApi,
}

impl Quirks {
    /// Whether it refuses the parameter of that canonical name.
    pub fn refuses(&self, parameter: &str) -> bool {
        self.refuses.iter().any(|refused| refused == parameter)
    }

    /// These, where `specific` says nothing.
    #[must_use]
    pub fn overlaid_by(&self, specific: &Self) -> Self {
        let mut refuses = self.refuses.clone();
        refuses.extend(specific.refuses.iter().filter(|name| !self.refuses.contains(name)).cloned());
        Self {
            max_tokens_field: specific.max_tokens_field.or(self.max_tokens_field),
            refuses,
            reasoning: specific.reasoning.or(self.reasoning),
            developer_role: specific.developer_role.or(self.developer_role),
            stream_usage: specific.stream_usage.or(self.stream_usage),
            prefill: specific.prefill.or(self.prefill),
            system_anywhere: specific.system_anywhere.or(self.system_anywhere),
            json_schema: specific.json_schema.or(self.json_schema),
            cache_marks: specific.cache_marks.or(self.cache_marks),
            strict: specific.strict.or(self.strict),
            api: specific.api.or(self.api),
        }
    }
}

/// How the output limit is called in OpenAI's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MaxTokensField {
    /// As the format says: `max_completion_tokens`.
    #[default]
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

/// Which of OpenAI's two APIs for chats a model or service has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ChatApi {
    /// Not said: chat completions, which all of the format have.
    #[default]
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
        if service == Self::Chat { service } else { self.or(service) }
    }

    fn or(self, other: Self) -> Self {
        if self == Self::Unspecified { other } else { self }
    }
}

/// How a model is told to reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReasoningStyle {
    /// As the format says: effort at OpenAI, adaptive at Anthropic, `think` at Ollama.
    #[default]
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
