//! A chat request taken apart into its fields.
//!
//! What is the default of every format and only said expressly (`n` of 1, a penalty of 0, the tool choice `auto`) is
//! not taken for something said: formats may leave it out.

pub use super::request_fields::Field;

use super::canonical_json::{arguments_of, plain_json, reply_schema, schema};
use super::field_value::FieldValue;
use crate::extensions::changes_nothing;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use baton_model::chat::{
    CacheControl, ChatRequest, Document, Effort, Extension, Image, MediaSource, Message, MessageRole, OutputFormat,
    Part, PartKind, Reasoning, ReasoningOptions, SamplingOptions, Schema, Tool, ToolCall, ToolChoice, ToolResult,
};

/// Everything that a request says, in order.
pub fn list_values(request: &ChatRequest) -> Vec<FieldValue<Field>> {
    let mut all = FieldValues::default();
    let ChatRequest {
        // The target's own, whatever the client called it.
        model: _,
        messages,
        tools,
        tool_choice,
        parallel_tool_calls,
        output,
        sampling,
        max_output_tokens,
        stop,
        n,
        logprobs,
        reasoning,
        stream,
        // Every provider is asked for usage; whether the client sees it is the client API's matter.
        include_usage: _,
        end_user,
        service_tier,
        verbosity,
        cache,
        extensions,
    } = request;
    all.sampling(sampling);
    all.option(Field::MaxTokens, "max_tokens", *max_output_tokens);
    all.option(Field::Stop, "stop", Some(stop).filter(|stop| !stop.is_empty()).map(|stop| format!("{stop:?}")));
    all.option(Field::N, "n", n.filter(|n| *n != 1));
    all.option(Field::Logprobs, "logprobs", *logprobs);
    all.reasoning(reasoning.as_ref());
    all.option(Field::Stream, "stream", stream.then_some(true));
    all.option(Field::User, "user", end_user.as_deref());
    // Anthropic's word for the default.
    let tier = service_tier.as_deref().map(|tier| if tier == "standard_only" { "default" } else { tier });
    all.option(Field::ServiceTier, "service_tier", tier);
    all.option(Field::Verbosity, "verbosity", verbosity.as_deref());
    all.option(Field::RequestCache, "cache_control", cache.map(lifetime));
    // Members of an object have no order.
    let mut extensions: Vec<_> = extensions.iter().filter(|extension| !changes_nothing(extension)).collect();
    extensions.sort_by_key(|extension| extension.path.rsplit('.').next());
    for extension in extensions {
        all.extension(Field::Extension, "", extension);
    }
    all.output(output);
    all.tools(tools, tool_choice.as_ref(), *parallel_tool_calls);
    for (place, message) in messages.iter().enumerate() {
        all.message(message, &format!("messages[{place}]"));
    }
    all.0
}

/// Whose words the parts of a message are.
#[derive(Clone, Copy)]
enum Speaker {
    System,
    User,
    Assistant,
    Tool,
}

#[derive(Default)]
struct FieldValues(Vec<FieldValue<Field>>);

impl FieldValues {
    fn record_value(&mut self, field: Field, path: impl Into<String>, value: impl Into<String>) {
        self.0.push(FieldValue { field, path: path.into(), value: value.into() });
    }

    fn option(&mut self, field: Field, path: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.record_value(field, path, value.to_string());
        }
    }

    fn sampling(&mut self, sampling: &SamplingOptions) {
        let SamplingOptions {
            temperature,
            top_p,
            top_k,
            min_p,
            seed,
            frequency_penalty,
            presence_penalty,
            repeat_penalty,
            logit_bias,
        } = sampling;
        let penalty = |number: &Option<f64>| number.filter(|number| *number != 0.0);
        self.option(Field::Temperature, "temperature", *temperature);
        self.option(Field::TopP, "top_p", *top_p);
        self.option(Field::TopK, "top_k", *top_k);
        self.option(Field::MinP, "min_p", *min_p);
        self.option(Field::Seed, "seed", *seed);
        self.option(Field::FrequencyPenalty, "frequency_penalty", penalty(frequency_penalty));
        self.option(Field::PresencePenalty, "presence_penalty", penalty(presence_penalty));
        self.option(Field::RepeatPenalty, "repeat_penalty", *repeat_penalty);
        self.option(Field::LogitBias, "logit_bias", logit_bias.as_ref().map(plain_json));
    }

    fn reasoning(&mut self, reasoning: Option<&ReasoningOptions>) {
        let Some(ReasoningOptions { enabled, effort, budget, adaptive, display }) = reasoning else { return };
        // An effort or a budget already says that the model shall reason, so `on` counts only where neither is given.
        let counted = effort.is_some_and(|effort| effort != Effort::None) || budget.is_some();
        let none = *effort == Some(Effort::None) && enabled.is_none() && budget.is_none() && !adaptive;
        if *enabled == Some(false) || none {
            // With reasoning off, effort and budget mean nothing.
            return self.record_value(Field::ReasoningOff, "reasoning", "off");
        }
        if !counted && (*enabled == Some(true) || *adaptive) {
            self.record_value(Field::ReasoningOn, "reasoning", "on");
        }
        let effort = effort.filter(|effort| *effort != Effort::None);
        self.option(Field::Effort, "reasoning.effort", effort.map(Effort::name));
        self.option(Field::Budget, "reasoning.budget", *budget);
        self.option(Field::Display, "reasoning.display", display.as_deref());
    }

    fn extension(&mut self, field: Field, owner: &str, extension: &Extension) {
        let Extension { dialect, path, value } = extension;
        // The conversation may be regrouped: a member's place in it is not part of its name.
        let name =
            path.rsplit_once('.').filter(|_| path.starts_with("messages[")).map_or(path.as_str(), |(_, name)| name);
        self.record_value(field, format!("{owner}{path}"), format!("{dialect} {name} {}", plain_json(value)));
    }

    fn output(&mut self, output: &OutputFormat) {
        match output {
            OutputFormat::Unspecified | OutputFormat::Text => {}
            OutputFormat::JsonObject => self.record_value(Field::JsonObject, "response_format", "json_object"),
            OutputFormat::Schema(Schema { name, description, schema, strict }) => {
                self.record_value(Field::Schema, "response_format", reply_schema(schema));
                self.option(Field::SchemaName, "response_format.name", name.as_deref());
                self.option(Field::SchemaDescription, "response_format.description", description.as_deref());
                self.option(Field::SchemaStrict, "response_format.strict", *strict);
            }
        }
    }

    /// Without tools, nobody asks which of them may be called.
    fn tools(&mut self, tools: &[Tool], choice: Option<&ToolChoice>, parallel: Option<bool>) {
        for (place, tool) in tools.iter().enumerate() {
            self.tool(tool, &format!("tools[{place}]"));
        }
        if tools.is_empty() {
            return;
        }
        match choice {
            None | Some(ToolChoice::Auto) => {}
            Some(ToolChoice::None) => return self.record_value(Field::ChoiceNone, "tool_choice", "none"),
            Some(ToolChoice::Required) => self.record_value(Field::ChoiceRequired, "tool_choice", "required"),
            Some(ToolChoice::Tool(name)) => self.record_value(Field::ChoiceTool, "tool_choice", name),
            Some(ToolChoice::Other { dialect, json }) => {
                self.record_value(Field::ChoiceOther, "tool_choice", format!("{dialect} {}", plain_json(json)));
            }
        }
        if parallel == Some(false) {
            self.record_value(Field::SingleCalls, "parallel_tool_calls", "false");
        }
    }

    fn tool(&mut self, tool: &Tool, path: &str) {
        match tool {
            Tool::Function { name, description, parameters, strict, cache, extensions } => {
                self.record_value(Field::Function, path, name);
                let description = description.as_deref().filter(|description| !description.is_empty());
                self.option(Field::FunctionDescription, &format!("{path}.description"), description);
                let parameters = parameters.as_ref().and_then(schema);
                self.option(Field::FunctionParameters, &format!("{path}.parameters"), parameters);
                self.option(Field::FunctionStrict, &format!("{path}.strict"), *strict);
                self.option(Field::FunctionCache, &format!("{path}.cache_control"), cache.map(lifetime));
                for extension in extensions {
                    self.extension(Field::FunctionExtension, &format!("{path}."), extension);
                }
            }
            Tool::Other { dialect, json } => {
                self.record_value(Field::OtherTool, path, format!("{dialect} {}", plain_json(json)));
            }
        }
    }

    fn message(&mut self, message: &Message, path: &str) {
        let Message { role, name, parts } = message;
        let speaker = match role {
            MessageRole::System | MessageRole::Developer => Speaker::System,
            MessageRole::User => Speaker::User,
            MessageRole::Assistant => Speaker::Assistant,
            MessageRole::Tool => Speaker::Tool,
        };
        // An item that only one format knows has no role that could get lost.
        let speaks = parts.iter().any(|part| !matches!(part.kind, PartKind::Other { .. }));
        if *role == MessageRole::Developer && speaks {
            self.record_value(Field::Developer, format!("{path}.role"), "developer");
        }
        self.option(Field::Name, &format!("{path}.name"), name.as_deref());
        for (place, part) in parts.iter().enumerate() {
            self.part(part, speaker, &format!("{path}.content[{place}]"));
        }
    }

    fn part(&mut self, part: &Part, speaker: Speaker, path: &str) {
        let Part { kind, cache } = part;
        // No format marks reasoning, so the mark is on what follows; blank text is left out together with its mark.
        let markable = match kind {
            PartKind::Reasoning(_) => false,
            PartKind::Text { text, .. } => !text.trim().is_empty(),
            _ => true,
        };
        if let Some(cache) = cache.filter(|_| markable) {
            self.record_value(Field::PartCache, format!("{path}.cache_control"), lifetime(cache));
        }
        match kind {
            PartKind::Text { text, citations } => {
                let field = match speaker {
                    Speaker::System => Field::Instructions,
                    Speaker::User => Field::UserText,
                    Speaker::Assistant => Field::AssistantText,
                    Speaker::Tool => Field::ResultText,
                };
                self.text(field, path, text);
                for (dialect, json) in citations {
                    self.record_value(
                        Field::Citations,
                        format!("{path}.citations"),
                        format!("{dialect} {}", plain_json(json)),
                    );
                }
            }
            PartKind::Refusal(text) => self.text(Field::Refusal, path, text),
            PartKind::Image(image) => self.image(image, speaker, path),
            PartKind::Audio { data, format } => self.record_value(Field::Audio, path, format!("{format} {data}")),
            PartKind::Document(document) => self.document(document, speaker, path),
            PartKind::Reasoning(Reasoning { text, signature, redacted }) => {
                self.text(Field::Reasoning, path, text);
                self.option(Field::ReasoningSignature, &format!("{path}.signature"), signature.as_deref());
                self.option(Field::ReasoningRedacted, path, redacted.as_deref());
            }
            PartKind::ToolCall(ToolCall { id, name, arguments }) => {
                self.option(Field::CallId, &format!("{path}.id"), Some(id).filter(|id| !id.is_empty()));
                self.record_value(
                    Field::Call,
                    format!("{path}.arguments"),
                    format!("{name} {}", arguments_of(arguments)),
                );
            }
            PartKind::ToolResult(ToolResult { call_id, name, parts, is_error }) => {
                self.option(Field::ResultId, &format!("{path}.id"), Some(call_id).filter(|id| !id.is_empty()));
                self.option(Field::ResultName, &format!("{path}.name"), name.as_deref());
                self.option(Field::ResultError, &format!("{path}.is_error"), is_error.filter(|error| *error));
                for (place, part) in parts.iter().enumerate() {
                    self.part(part, Speaker::Tool, &format!("{path}.content[{place}]"));
                }
            }
            PartKind::Other { dialect, json } => {
                self.record_value(Field::OtherPart, path, format!("{dialect} {}", plain_json(json)));
            }
        }
    }

    fn text(&mut self, field: Field, path: &str, text: &str) {
        if !text.trim().is_empty() {
            self.record_value(field, path, text);
        }
    }

    fn image(&mut self, image: &Image, speaker: Speaker, path: &str) {
        let Image { source, detail } = image;
        let (field, value) = match source {
            // Some formats have no media type: it is told from the data again.
            MediaSource::Base64 { media_type: _, data } => (Field::ImageData, data.clone()),
            MediaSource::Url(url) => (Field::ImageUrl, url.clone()),
            MediaSource::Text(text) => (Field::ImageData, text.clone()),
            MediaSource::File { dialect, id } => (Field::ImageFile, format!("{dialect} {id}")),
        };
        let field = if matches!(speaker, Speaker::Tool) { Field::ResultImage } else { field };
        self.record_value(field, path, value);
        self.option(Field::ImageDetail, &format!("{path}.detail"), detail.as_deref());
    }

    fn document(&mut self, document: &Document, speaker: Speaker, path: &str) {
        let Document { source, title, context, citations } = document;
        let (field, value) = match source {
            // Text is the same whether it stands as text or as base64.
            MediaSource::Base64 { media_type, data } if media_type.starts_with("text/") => match decoded(data) {
                Some(text) => (Field::DocumentText, text),
                None => (Field::DocumentData, format!("{media_type} {data}")),
            },
            MediaSource::Base64 { media_type, data } => (Field::DocumentData, format!("{media_type} {data}")),
            MediaSource::Url(url) => (Field::DocumentUrl, url.clone()),
            MediaSource::Text(text) => (Field::DocumentText, text.clone()),
            MediaSource::File { dialect, id } => (Field::DocumentFile, format!("{dialect} {id}")),
        };
        let field = if matches!(speaker, Speaker::Tool) { Field::ResultDocument } else { field };
        self.record_value(field, path, value);
        self.option(Field::DocumentTitle, &format!("{path}.title"), title.as_deref());
        self.option(Field::DocumentContext, &format!("{path}.context"), context.as_deref());
        let citations = citations.filter(|citations| *citations);
        self.option(Field::DocumentCitations, &format!("{path}.citations"), citations);
    }
}

fn decoded(data: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(data).ok()?).ok()
}

fn lifetime(mark: CacheControl) -> String {
    let CacheControl { lifetime } = mark;
    lifetime.map_or_else(|| "default".to_owned(), |lifetime| format!("{lifetime:?}"))
}
