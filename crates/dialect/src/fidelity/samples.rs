//! Every field said once: requests and replies for the tests.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::{reply, request};
use baton_model::chat::{
    CacheControl, CacheLifetime, ChatRequest, Document, Effort, Extension, Image, Json, MediaSource, Message,
    MessageRole, OutputFormat, Part, PartKind, Reasoning, ReasoningOptions, Schema, Tool, ToolCall, ToolChoice,
    ToolResult,
};
use baton_model::event::{FinishReason, ReplyEvent, ReplyStart, Timings};
use baton_model::{Dialect, Usage, UsageClass};

/// A format's own JSON for what only one format knows.
fn own_json(name: &str) -> Json {
    Json(format!(r#"{{"type":"{name}","x":1}}"#))
}

fn user(kind: PartKind) -> Message {
    Message { role: MessageRole::User, name: None, parts: vec![kind.into()] }
}

fn image(source: MediaSource) -> PartKind {
    PartKind::Image(Image { source, detail: None })
}

fn document(source: MediaSource) -> Document {
    Document { source, title: None, context: None, citations: None }
}

fn pdf() -> MediaSource {
    MediaSource::Base64 { media_type: "application/pdf".into(), data: "JVBERi0=".into() }
}

fn png() -> MediaSource {
    MediaSource::Base64 { media_type: "image/png".into(), data: "iVBORw0KGgo=".into() }
}

/// A file uploaded before: both formats of OpenAI find the same ones.
fn uploaded(dialect: Dialect) -> MediaSource {
    let dialect = if dialect == Dialect::Responses { Dialect::OpenAi } else { dialect };
    MediaSource::File { dialect, id: "file_1".into() }
}

/// A call and its result.
fn called(result: ToolResult) -> [Message; 2] {
    let call = ToolCall { id: "call_1".into(), name: "f".into(), arguments: r#"{"a": 1.50}"#.into() };
    let result = ToolResult { call_id: "call_1".into(), ..result };
    let turn = |role, kind: PartKind| Message { role, name: None, parts: vec![kind.into()] };
    [turn(MessageRole::Assistant, PartKind::ToolCall(call)), turn(MessageRole::Tool, PartKind::ToolResult(result))]
}

fn text_result() -> ToolResult {
    ToolResult { parts: vec![Part::text("sunny")], ..ToolResult::default() }
}

/// The first function, made if there is none.
fn function(request: &mut ChatRequest) -> &mut Tool {
    if !matches!(request.tools.first(), Some(Tool::Function { .. })) {
        let (name, extensions) = ("f".to_owned(), Vec::new());
        let tool = Tool::Function { name, description: None, parameters: None, strict: None, cache: None, extensions };
        request.tools.insert(0, tool);
    }
    request.tools.first_mut().unwrap()
}

fn schema(request: &mut ChatRequest) -> &mut Schema {
    if !matches!(request.output, OutputFormat::Schema(_)) {
        let schema =
            Json(r#"{"type":"object","properties":{"b":{"minimum":1.50},"a":{}},"additionalProperties":false}"#.into());
        request.output = OutputFormat::Schema(Schema { schema, ..Schema::default() });
    }
    let OutputFormat::Schema(schema) = &mut request.output else { unreachable!("made above") };
    schema
}

/// A request that says nothing but a word.
pub(super) fn base() -> ChatRequest {
    let messages = vec![user(PartKind::Text { text: "Hello.".into(), citations: Vec::new() })];
    ChatRequest { model: "upstream".into(), messages, ..ChatRequest::default() }
}

/// Says the field too; what only one format knows is of that format.
pub(super) fn set_field(field: request::Field, dialect: Dialect, request: &mut ChatRequest) {
    use request::Field as F;
    let reasoning = |request: &mut ChatRequest, with: fn(&mut ReasoningOptions)| {
        with(request.reasoning.get_or_insert_default());
    };
    let part = |request: &mut ChatRequest, kind: PartKind| request.messages.push(user(kind));
    let long = CacheControl { lifetime: Some(CacheLifetime::OneHour) };
    match field {
        F::Temperature => request.sampling.temperature = Some(0.5),
        F::TopP => request.sampling.top_p = Some(0.96),
        F::TopK => request.sampling.top_k = Some(40),
        F::MinP => request.sampling.min_p = Some(0.05),
        F::Seed => request.sampling.seed = Some(7),
        F::FrequencyPenalty => request.sampling.frequency_penalty = Some(0.1),
        F::PresencePenalty => request.sampling.presence_penalty = Some(-1.0),
        F::RepeatPenalty => request.sampling.repeat_penalty = Some(1.1),
        F::LogitBias => request.sampling.logit_bias = Some(Json(r#"{"5":-100}"#.into())),
        F::MaxTokens => request.max_output_tokens = Some(9000),
        F::Stop => request.stop = vec!["END".into()],
        F::N => request.n = Some(2),
        F::Logprobs => request.logprobs = Some(3),
        F::ReasoningOff => reasoning(request, |reasoning| reasoning.enabled = Some(false)),
        F::ReasoningOn => reasoning(request, |reasoning| reasoning.enabled = Some(true)),
        F::Effort => reasoning(request, |reasoning| reasoning.effort = Some(Effort::Low)),
        F::Budget => reasoning(request, |reasoning| {
            reasoning.enabled = Some(true);
            reasoning.budget = Some(2000);
        }),
        F::Display => reasoning(request, |reasoning| {
            reasoning.enabled = Some(true);
            reasoning.display = Some("summarized".into());
        }),
        F::Stream => request.stream = true,
        F::User => request.end_user = Some("u-1".into()),
        F::ServiceTier => request.service_tier = Some("flex".into()),
        F::Verbosity => request.verbosity = Some("low".into()),
        F::RequestCache => request.cache = Some(long),
        F::Extension => {
            request.extensions.push(Extension { dialect, path: "own_field".into(), value: Json("[1]".into()) });
        }
        F::JsonObject => request.output = OutputFormat::JsonObject,
        F::Schema => drop(schema(request).schema.0.clone()),
        F::SchemaName => schema(request).name = Some("book".into()),
        F::SchemaDescription => schema(request).description = Some("A book.".into()),
        F::SchemaStrict => schema(request).strict = Some(true),
        F::Function => drop(function(request).clone()),
        F::FunctionDescription
        | F::FunctionParameters
        | F::FunctionStrict
        | F::FunctionCache
        | F::FunctionExtension => {
            say_of_function(field, dialect, function(request));
        }
        F::OtherTool => request.tools.push(Tool::Other { dialect, json: own_json("search") }),
        F::ChoiceNone => {
            function(request);
            request.tool_choice = Some(ToolChoice::None);
        }
        F::ChoiceRequired => {
            function(request);
            request.tool_choice = Some(ToolChoice::Required);
        }
        F::ChoiceTool => {
            function(request);
            request.tool_choice = Some(ToolChoice::Tool("f".into()));
        }
        F::ChoiceOther => {
            function(request);
            let json = Json(r#"{"type":"own_choice"}"#.into());
            request.tool_choice = Some(ToolChoice::Other { dialect, json });
        }
        F::SingleCalls => {
            function(request);
            request.parallel_tool_calls = Some(false);
        }
        F::Instructions | F::Developer => {
            let role = if field == F::Developer { MessageRole::Developer } else { MessageRole::System };
            request.messages.insert(0, Message { role, name: None, parts: vec![Part::text("Be brief.")] });
        }
        F::UserText => part(request, PartKind::Text { text: "Again.".into(), citations: Vec::new() }),
        F::AssistantText => {
            let message = Message { role: MessageRole::Assistant, name: None, parts: vec![Part::text("Hi.")] };
            request.messages.extend([message, base().messages.remove(0)]);
        }
        F::Name => request.messages.push(Message { name: Some("ann".into()), ..base().messages.remove(0) }),
        F::PartCache => request.messages.push(Message {
            parts: vec![Part { cache: Some(long), ..Part::text("Remember.") }],
            ..base().messages.remove(0)
        }),
        F::Citations => {
            let text = PartKind::Text { text: "It says so.".into(), citations: vec![(dialect, own_json("page"))] };
            request.messages.push(Message { role: MessageRole::Assistant, name: None, parts: vec![text.into()] });
            request.messages.push(base().messages.remove(0));
        }
        F::Refusal => {
            let refusal = PartKind::Refusal("No.".into());
            request.messages.push(Message { role: MessageRole::Assistant, name: None, parts: vec![refusal.into()] });
            request.messages.push(base().messages.remove(0));
        }
        F::ImageData => part(request, image(png())),
        F::ImageUrl => part(request, image(MediaSource::Url("https://example.org/a.png".into()))),
        F::ImageFile => part(request, image(uploaded(dialect))),
        F::ImageDetail => part(request, PartKind::Image(Image { source: png(), detail: Some("low".into()) })),
        F::Audio => part(request, PartKind::Audio { data: "UklGRg==".into(), format: "wav".into() }),
        F::DocumentData => part(request, PartKind::Document(document(pdf()))),
        F::DocumentUrl => {
            part(request, PartKind::Document(document(MediaSource::Url("https://example.org/a.pdf".into()))));
        }
        F::DocumentText => part(request, PartKind::Document(document(MediaSource::Text("Once upon a time".into())))),
        F::DocumentFile => {
            part(request, PartKind::Document(document(uploaded(dialect))));
        }
        F::DocumentTitle => {
            part(request, PartKind::Document(Document { title: Some("a.pdf".into()), ..document(pdf()) }));
        }
        F::DocumentContext => {
            part(request, PartKind::Document(Document { context: Some("a letter".into()), ..document(pdf()) }));
        }
        F::DocumentCitations => {
            part(request, PartKind::Document(Document { citations: Some(true), ..document(pdf()) }));
        }
        F::Reasoning | F::ReasoningSignature | F::ReasoningRedacted => say_thought(field, request),
        F::CallId | F::Call | F::ResultId | F::ResultText => request.messages.extend(called(text_result())),
        F::ResultName => request.messages.extend(called(ToolResult { name: Some("f".into()), ..text_result() })),
        F::ResultImage => {
            let parts = vec![image(png()).into()];
            request.messages.extend(called(ToolResult { parts, ..ToolResult::default() }));
        }
        F::ResultDocument => {
            let parts = vec![PartKind::Document(document(pdf())).into()];
            request.messages.extend(called(ToolResult { parts, ..ToolResult::default() }));
        }
        F::ResultError => request.messages.extend(called(ToolResult { is_error: Some(true), ..text_result() })),
        F::OtherPart => part(request, PartKind::Other { dialect, json: own_json("video") }),
    }
}

fn say_of_function(field: request::Field, dialect: Dialect, tool: &mut Tool) {
    use request::Field as F;
    let Tool::Function { description, parameters, strict, cache, extensions, .. } = tool else { return };
    match field {
        F::FunctionDescription => *description = Some("Looks it up.".into()),
        F::FunctionParameters => *parameters = Some(Json(r#"{"type": "object", "required": ["city"]}"#.into())),
        F::FunctionStrict => *strict = Some(true),
        F::FunctionCache => *cache = Some(CacheControl::default()),
        _ => extensions.push(Extension { dialect, path: "own_member".into(), value: Json("[2]".into()) }),
    }
}

fn say_thought(field: request::Field, request: &mut ChatRequest) {
    use request::Field as F;
    let reasoning_part = match field {
        F::ReasoningSignature => Reasoning { text: "Hm.".into(), signature: Some("c2ln".into()), redacted: None },
        F::ReasoningRedacted => Reasoning { redacted: Some("ZW5j".into()), ..Reasoning::default() },
        _ => Reasoning { text: "Hm.".into(), ..Reasoning::default() },
    };
    let parts = vec![PartKind::Reasoning(reasoning_part).into(), Part::text("Well.")];
    request.messages.push(Message { role: MessageRole::Assistant, name: None, parts });
    request.messages.push(base().messages.remove(0));
}

/// A reply that says the field.
pub(super) fn reply(field: reply::Field, dialect: Dialect) -> Vec<ReplyEvent> {
    use reply::Field as F;
    let mut started = ReplyStart::default();
    let (mut content, mut rest) = (vec![ReplyEvent::Text { choice: 0, text: "Well.".into() }], Vec::new());
    let (mut reason, mut stop_sequence) = (FinishReason::Stop, None);
    match field {
        F::Id => started.id = Some("msg_1".into()),
        F::Model => started.model = Some("claude".into()),
        F::Created => started.created = Some(1_795_444_148),
        F::Fingerprint => started.fingerprint = Some("fp_1".into()),
        F::MoreChoices => rest.extend([
            ReplyEvent::Text { choice: 1, text: "Or so.".into() },
            ReplyEvent::Finished { choice: 1, reason: FinishReason::Stop, stop_sequence: None },
        ]),
        F::Text | F::FinishStop => {}
        F::Citations => content.push(ReplyEvent::Citation { choice: 0, dialect, json: own_json("page") }),
        F::Refusal => content = vec![ReplyEvent::Refusal { choice: 0, text: "No.".into() }],
        F::Reasoning => content.insert(0, ReplyEvent::Reasoning { choice: 0, text: "Hm.".into() }),
        F::ReasoningSignature => {
            content.insert(0, ReplyEvent::Reasoning { choice: 0, text: "Hm.".into() });
            content.insert(1, ReplyEvent::ReasoningSignature { choice: 0, signature: "c2ln".into() });
        }
        F::ReasoningRedacted => content.insert(0, ReplyEvent::RedactedReasoning { choice: 0, data: "ZW5j".into() }),
        F::CallId | F::Call | F::FinishToolCalls => {
            content.push(ReplyEvent::ToolCall { choice: 0, index: 0, id: "call_1".into(), name: "f".into() });
            content.push(ReplyEvent::ToolArguments { choice: 0, index: 0, fragment: "{\n\"a\": 1.50}".into() });
            reason = FinishReason::ToolCalls;
        }
        F::Logprobs => {
            let json = r#"[{"token":"W","logprob":-0.5,"bytes":[87],"top_logprobs":[]}]"#;
            content.push(ReplyEvent::LogProbs { choice: 0, content: Json(json.into()) });
        }
        F::Other => {
            let json = match dialect {
                Dialect::OpenAi => r#"{"audio":{"id":"a"}}"#,
                Dialect::Ollama => r#"{"context":[1]}"#,
                Dialect::Anthropic | Dialect::Responses => r#"{"type":"web_search_tool_result","content":[]}"#,
            };
            content.push(ReplyEvent::Other { choice: 0, dialect, json: Json(json.into()) });
        }
        F::FinishStopSequence => reason = FinishReason::StopSequence,
        F::FinishLength => reason = FinishReason::Length,
        F::FinishContextWindow => reason = FinishReason::ContextWindow,
        F::FinishContentFilter => reason = FinishReason::ContentFilter,
        F::FinishRefusal => reason = FinishReason::Refusal,
        F::FinishPause => reason = FinishReason::Pause,
        F::FinishOther => reason = FinishReason::Other("load".into()),
        F::StopSequence => (reason, stop_sequence) = (FinishReason::StopSequence, Some("END".into())),
        F::ServiceTier => {
            let mut usage = Usage::default().with(UsageClass::Input, 1);
            usage.service_tier = Some("flex".into());
            rest.push(ReplyEvent::Usage(usage));
        }
        F::Timings => rest.push(ReplyEvent::Timings(Timings { total: 4, load: 1, prompt: 1, output: 2 })),
    }
    let mut events = vec![ReplyEvent::Started(started)];
    events.extend(content);
    events.push(ReplyEvent::Finished { choice: 0, reason, stop_sequence });
    events.extend(rest);
    events.push(ReplyEvent::Ended);
    events
}
