//! Walks over everything of a request that the model reads, and adds up its features.

use super::text::TextProfile;
use super::vector::{Feature, Features, ToolPrompt};
use crate::estimate;
use crate::media::{self, MediaRule};
use crate::tokenizer::Tokenizer;
use baton_model::chat::{ChatRequest, Message, MessageRole, OutputFormat, Part, PartKind, Tool, ToolChoice};
use baton_model::operation::{CompletionRequest, FormPart, Prompt};
use baton_model::{Model, Operation};

/// Adds up features as a request is walked over.
pub(crate) struct Walk {
    pub(crate) features: Features,
    media: MediaRule,
    tool_prompt: ToolPrompt,
    /// Counts texts too, which costs seven times as much.
    tokenizer: Option<Tokenizer>,
    /// Whether the walk is within instructions.
    in_system: bool,
    /// Whether reasoning still counts: the model has not ended its turn since.
    in_turn: bool,
}

impl Walk {
    /// A walk by the rules of a model's vendor.
    pub(crate) fn of(model: &Model, tokenizer: Option<Tokenizer>) -> Self {
        let (media, tool_prompt) = (estimate::media(&model.upstream), estimate::tool_prompt(&model.upstream));
        Self { features: Features::default(), media, tool_prompt, tokenizer, in_system: false, in_turn: false }
    }

    pub(crate) fn operation(&mut self, operation: &Operation) {
        self.add(Feature::Constant, 1.0);
        match operation {
            Operation::Chat(request) => self.chat(request, |_, _| {}),
            Operation::Completion(request) => self.completion(request),
            Operation::Embedding(request) => request.input.iter().for_each(|prompt| self.prompt(prompt)),
            Operation::Image(request) => self.text(&request.prompt),
            Operation::ImageForm(request) => request.parts.iter().for_each(|part| self.form_part(part)),
            Operation::Transcription(request) => {
                self.add(Feature::Audio, media::audio(request.file.len(), &request.filename) as f64);
                for (_, prompt) in request.fields.iter().filter(|(name, _)| name == "prompt") {
                    self.text(prompt);
                }
            }
            Operation::Speech(request) => self.text(&request.input),
        }
    }

    fn completion(&mut self, request: &CompletionRequest) {
        request.prompts.iter().for_each(|prompt| self.prompt(prompt));
        if let Some(suffix) = &request.suffix {
            self.text(suffix);
        }
        if let Some(system) = &request.system {
            self.in_system = true;
            self.add(Feature::SystemMessages, 1.0);
            self.text(system);
            self.in_system = false;
        }
        for image in &request.images {
            self.add(Feature::Images, self.media.image(image) as f64);
        }
    }

    /// Of the fields beside images and masks only the prompt is read.
    fn form_part(&mut self, part: &FormPart) {
        if part.filename.is_some() {
            self.add(Feature::Images, self.media.image_bytes(&part.content) as f64);
        } else if part.name == "prompt" {
            self.text(&String::from_utf8_lossy(&part.content));
        }
    }

    fn prompt(&mut self, prompt: &Prompt) {
        match prompt {
            Prompt::Text(text) => self.text(text),
            Prompt::Tokens(tokens) => self.add(Feature::Known, tokens.len() as f64),
        }
    }

    /// A chat, in the order in which the beginning of one is the beginning of another: what stands beside the messages,
    /// then each message. `seen` is shown what there is after each.
    pub(crate) fn chat(&mut self, request: &ChatRequest, mut seen: impl FnMut(&Features, Option<&Message>)) {
        let reasoning = request.reasoning.as_ref();
        if reasoning
            .is_some_and(|options| options.enabled == Some(true) || options.budget.is_some() || options.adaptive)
        {
            self.add(Feature::Reasoning, 1.0);
        }
        self.setting(request);
        seen(&self.features, None);
        // Vendors drop the reasoning of turns that have ended, but for what a loop of tools goes on from.
        let ended = request.messages.iter().rposition(|message| message.role == MessageRole::User);
        for (place, message) in request.messages.iter().enumerate() {
            self.in_turn = ended.is_none_or(|ended| place > ended);
            self.message(message);
            seen(&self.features, Some(message));
        }
    }

    /// What a chat says beside its messages: tools and the form of the reply.
    fn setting(&mut self, request: &ChatRequest) {
        for tool in &request.tools {
            self.tool(tool);
        }
        if !request.tools.is_empty() {
            let forced = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Tool(_)));
            let ToolPrompt { offered, forced: demanded } = self.tool_prompt;
            self.add(if forced { Feature::ToolsForced } else { Feature::ToolsOffered }, 1.0);
            self.add(Feature::ToolPrompt, f64::from(if forced { demanded } else { offered }));
        }
        if let OutputFormat::Schema(schema) = &request.output {
            self.add(Feature::Format, 1.0);
            self.format(&schema.schema.0);
            self.format(schema.description.as_deref().unwrap_or_default());
        }
    }

    fn message(&mut self, message: &Message) {
        self.in_system = matches!(message.role, MessageRole::System | MessageRole::Developer);
        self.add(if self.in_system { Feature::SystemMessages } else { Feature::Messages }, 1.0);
        if let Some(name) = &message.name {
            self.add(Feature::Names, 1.0);
            self.text(name);
        }
        self.parts(&message.parts);
        self.in_system = false;
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match &part.kind {
                PartKind::Text { text, .. } | PartKind::Refusal(text) => self.text(text),
                PartKind::Image(image) => self.add(Feature::Images, self.media.image(image) as f64),
                PartKind::Audio { data, format } => {
                    self.add(Feature::Audio, media::audio(media::decoded_len(data), format) as f64);
                }
                PartKind::Document(document) => {
                    if let Some(text) = media::document_text(document) {
                        self.text(text);
                    }
                    self.add(Feature::Documents, self.media.document(document) as f64);
                }
                // A signature or encrypted reasoning is no text.
                PartKind::Reasoning(reasoning) if self.in_turn => self.text(&reasoning.text),
                PartKind::Reasoning(_) => {}
                PartKind::ToolCall(call) => {
                    self.add(Feature::ToolCalls, 1.0);
                    self.text(&call.name);
                    self.text(&call.arguments);
                }
                PartKind::ToolResult(result) => {
                    self.add(Feature::ToolResults, 1.0);
                    self.parts(&result.parts);
                }
                PartKind::Other { json, .. } if media::is_sealed(&json.0) => {
                    self.add(Feature::Known, media::sealed(&json.0) as f64);
                }
                PartKind::Other { json, .. } => self.text(&json.0),
            }
        }
    }

    fn tool(&mut self, tool: &Tool) {
        match tool {
            Tool::Function { name, description, parameters, .. } => {
                self.add(Feature::Functions, 1.0);
                self.schema(name);
                self.schema(description.as_deref().unwrap_or_default());
                if let Some(parameters) = parameters {
                    // Every member that a schema describes has one of these, and little else has.
                    self.add(Feature::Properties, parameters.0.matches("\"type\"").count() as f64);
                    self.schema(&parameters.0);
                }
            }
            Tool::Other { json, .. } => {
                self.add(Feature::OtherTools, 1.0);
                self.schema(&json.0);
            }
        }
    }

    fn text(&mut self, text: &str) {
        for (feature, number) in TextProfile::of(text).features() {
            self.add(feature, number);
        }
        self.count(Feature::TextTokens, text);
    }

    fn schema(&mut self, text: &str) {
        let [words, letters, marks] = TextProfile::of(text).coarse();
        self.add(Feature::SchemaWords, words);
        self.add(Feature::SchemaLetters, letters);
        self.add(Feature::SchemaMarks, marks);
        self.count(Feature::SchemaTokens, text);
    }

    fn format(&mut self, text: &str) {
        let [words, letters, marks] = TextProfile::of(text).coarse();
        self.add(Feature::FormatWords, words);
        self.add(Feature::FormatLetters, letters);
        self.add(Feature::FormatMarks, marks);
        self.count(Feature::FormatTokens, text);
    }

    fn count(&mut self, feature: Feature, text: &str) {
        if let Some(tokenizer) = self.tokenizer {
            self.add(feature, tokenizer.pieces(text) as f64);
        }
    }

    /// Adds to a feature.
    pub(crate) fn add(&mut self, feature: Feature, number: f64) {
        self.features.add(feature, number, self.in_system);
    }
}
