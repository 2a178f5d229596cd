//! The fields of a chat request: everything that a format may be able to say, or not.

use super::fields::fields;

fields! {
    /// A field of a chat request.
    Field {
        /// Sampling temperature.
        Temperature = "temperature",
        /// Nucleus sampling.
        TopP = "top_p",
        /// The best k tokens.
        TopK = "top_k",
        /// The least likelihood of a token.
        MinP = "min_p",
        /// A seed.
        Seed = "seed",
        /// Penalty by how often.
        FrequencyPenalty = "frequency_penalty",
        /// Penalty by whether at all.
        PresencePenalty = "presence_penalty",
        /// Ollama's penalty.
        RepeatPenalty = "repeat_penalty",
        /// A bias per token id.
        LogitBias = "logit_bias",
        /// The output limit.
        MaxTokens = "max_tokens",
        /// Texts to stop at.
        Stop = "stop",
        /// More than one choice.
        N = "n",
        /// Log probabilities.
        Logprobs = "logprobs",
        /// That it shall not reason.
        ReasoningOff = "reasoning: off",
        /// That it shall reason, as much as it likes.
        ReasoningOn = "reasoning: on",
        /// How hard it shall reason.
        Effort = "reasoning.effort",
        /// For how many tokens.
        Budget = "reasoning.budget",
        /// How its reasoning is shown.
        Display = "reasoning.display",
        /// Whether it is asked as a stream.
        Stream = "stream",
        /// Who the end user is.
        User = "user",
        /// The tier of service.
        ServiceTier = "service_tier",
        /// How wordy it shall be.
        Verbosity = "verbosity",
        /// A cache mark on the whole request.
        RequestCache = "cache_control",
        /// A field that only one format knows.
        Extension = "fields of one format alone",
        /// Some JSON object as reply.
        JsonObject = "response_format: json_object",
        /// A schema for the reply.
        Schema = "response_format: schema",
        /// Its name.
        SchemaName = "response_format.name",
        /// What it is for.
        SchemaDescription = "response_format.description",
        /// Whether the reply must fit.
        SchemaStrict = "response_format.strict",
        /// Functions, by name.
        Function = "tools: function",
        /// What a function does.
        FunctionDescription = "tools.description",
        /// The schema of its arguments.
        FunctionParameters = "tools.parameters",
        /// Whether arguments must fit.
        FunctionStrict = "tools.strict",
        /// A cache mark on it.
        FunctionCache = "tools.cache_control",
        /// Members of it that only one format knows.
        FunctionExtension = "tools: members of one format alone",
        /// A tool that only one format knows.
        OtherTool = "tools: a provider's own",
        /// None may be called.
        ChoiceNone = "tool_choice: none",
        /// Any must be called.
        ChoiceRequired = "tool_choice: required",
        /// One must be called.
        ChoiceTool = "tool_choice: one tool",
        /// A choice that only one format knows.
        ChoiceOther = "tool_choice: of one format alone",
        /// One call at a time.
        SingleCalls = "parallel_tool_calls: false",
        /// What the system says.
        Instructions = "system text",
        /// That it is a developer who says it.
        Developer = "developer role",
        /// What the user says.
        UserText = "user text",
        /// What the model said.
        AssistantText = "assistant text",
        /// A name of the speaker.
        Name = "message name",
        /// A cache mark on a part.
        PartCache = "content: cache_control",
        /// Sources that a text cites.
        Citations = "content: citations",
        /// What the model refused with.
        Refusal = "content: refusal",
        /// An image in the request.
        ImageData = "image: data",
        /// An image on the web.
        ImageUrl = "image: URL",
        /// An image uploaded before.
        ImageFile = "image: uploaded file",
        /// How closely to look at it.
        ImageDetail = "image.detail",
        /// Audio.
        Audio = "audio",
        /// A document in the request.
        DocumentData = "document: data",
        /// A document on the web.
        DocumentUrl = "document: URL",
        /// A document of plain text.
        DocumentText = "document: text",
        /// A document uploaded before.
        DocumentFile = "document: uploaded file",
        /// Its title or file name.
        DocumentTitle = "document.title",
        /// What to know about it.
        DocumentContext = "document.context",
        /// Whether replies cite it.
        DocumentCitations = "document.citations",
        /// A piece of reasoning that anyone may read.
        Reasoning = "reasoning: text",
        /// The proof that it is the provider's.
        ReasoningSignature = "reasoning: signature",
        /// Encrypted reasoning.
        ReasoningRedacted = "reasoning: encrypted",
        /// The id of a call.
        CallId = "tool call: id",
        /// Name and arguments of a call.
        Call = "tool call",
        /// The call that a result belongs to.
        ResultId = "tool result: id",
        /// The name of the tool.
        ResultName = "tool result: name",
        /// The text of a result.
        ResultText = "tool result: text",
        /// An image in a result.
        ResultImage = "tool result: image",
        /// A document in a result.
        ResultDocument = "tool result: document",
        /// That the call failed.
        ResultError = "tool result: is_error",
        /// A part that only one format knows.
        OtherPart = "content: of one format alone",
    }
}

impl Field {
    /// Whether it is known to one format, so that its fate depends on which that is.
    pub fn is_of_one_format(self) -> bool {
        matches!(
            self,
            Self::Extension
                | Self::FunctionExtension
                | Self::OtherTool
                | Self::OtherPart
                | Self::ChoiceOther
                | Self::Citations
                | Self::ImageFile
                | Self::DocumentFile
        )
    }
}
