//! The description of the request APIs, one entry a path of [`crate::routes`].
//!
//! Bodies of other vendors' formats are described as free objects with a link to the vendor's own reference: that is
//! kept true by the vendor, and what Baton does not know passes through.

mod shapes;
mod vendors;

use shapes::{BodyKind, OPENAI, OPENAI_REFERENCE, object, text};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ContentBuilder, Info, OpenApi, OpenApiBuilder, PathsBuilder, Ref, Required, ResponseBuilder};

/// A path of the request APIs.
struct Entry {
    path: &'static str,
    tag: &'static str,
    summary: &'static str,
    /// The page of OpenAI's reference that has the body.
    page: &'static str,
    body: BodyKind,
    example: Option<&'static str>,
}

const NATIVE: &str = "native";
const ENTRIES: [Entry; 19] = [
    Entry {
        path: "/api/models/chat",
        tag: NATIVE,
        summary: "Generates the next message of a conversation",
        page: "chat/create",
        body: BodyKind::Json,
        example: Some(
            r#"{"model_id": "gpt-4o", "messages": [{"role": "user", "content": "Say hello"}], "user_id": "u-1"}"#,
        ),
    },
    Entry {
        path: "/api/models/completion",
        tag: NATIVE,
        summary: "Generates the continuation of a text",
        page: "completions/create",
        body: BodyKind::Json,
        example: Some(r#"{"model_id": "gpt-3.5-turbo-instruct", "prompt": "Once upon a time"}"#),
    },
    Entry {
        path: "/api/models/embedding",
        tag: NATIVE,
        summary: "Creates embeddings of texts",
        page: "embeddings/create",
        body: BodyKind::Json,
        example: Some(r#"{"model_id": "text-embedding-3-small", "input": ["a text", "another"]}"#),
    },
    Entry {
        path: "/api/models/image",
        tag: NATIVE,
        summary: "Generates images",
        page: "images/create",
        body: BodyKind::Json,
        example: Some(r#"{"model_id": "gpt-image-1", "prompt": "a lighthouse at dusk"}"#),
    },
    Entry {
        path: "/api/models/audio/transcription",
        tag: NATIVE,
        summary: "Transcribes audio",
        page: "audio/createTranscription",
        body: BodyKind::Form,
        example: None,
    },
    Entry {
        path: "/api/models/audio/translation",
        tag: NATIVE,
        summary: "Transcribes audio and translates it into English",
        page: "audio/createTranslation",
        body: BodyKind::Form,
        example: None,
    },
    Entry {
        path: "/v1/chat/completions",
        tag: OPENAI,
        summary: "Generates the next message of a conversation",
        page: "chat/create",
        body: BodyKind::Json,
        example: Some(r#"{"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello"}]}"#),
    },
    Entry {
        path: "/v1/responses",
        tag: OPENAI,
        summary: "Creates a response",
        page: "responses/create",
        body: BodyKind::Json,
        example: Some(r#"{"model": "gpt-4o", "input": "Say hello"}"#),
    },
    Entry {
        path: "/v1/responses/{id}",
        tag: OPENAI,
        summary: "Shows a stored response",
        page: "responses/get",
        body: BodyKind::Nothing,
        example: None,
    },
    Entry {
        path: "/v1/responses/{id}/cancel",
        tag: OPENAI,
        summary: "Cancels a response that runs in the background",
        page: "responses/cancel",
        body: BodyKind::Json,
        example: None,
    },
    Entry {
        path: "/v1/responses/{id}/input_items",
        tag: OPENAI,
        summary: "Lists the input items of a response",
        page: "responses/input-items",
        body: BodyKind::Nothing,
        example: None,
    },
    Entry {
        path: "/v1/completions",
        tag: OPENAI,
        summary: "Generates the continuation of a text",
        page: "completions/create",
        body: BodyKind::Json,
        example: None,
    },
    Entry {
        path: "/v1/embeddings",
        tag: OPENAI,
        summary: "Creates embeddings of texts",
        page: "embeddings/create",
        body: BodyKind::Json,
        example: None,
    },
    Entry {
        path: "/v1/images/generations",
        tag: OPENAI,
        summary: "Generates images",
        page: "images/create",
        body: BodyKind::Json,
        example: None,
    },
    Entry {
        path: "/v1/audio/transcriptions",
        tag: OPENAI,
        summary: "Transcribes audio",
        page: "audio/createTranscription",
        body: BodyKind::Form,
        example: None,
    },
    Entry {
        path: "/v1/audio/translations",
        tag: OPENAI,
        summary: "Transcribes audio and translates it into English",
        page: "audio/createTranslation",
        body: BodyKind::Form,
        example: None,
    },
    Entry {
        path: "/v1/audio/speech",
        tag: OPENAI,
        summary: "Generates speech from text",
        page: "audio/createSpeech",
        body: BodyKind::Json,
        example: None,
    },
    Entry {
        path: "/v1/models",
        tag: OPENAI,
        summary: "Lists the models that the key may use",
        page: "models/list",
        body: BodyKind::Nothing,
        example: None,
    },
    Entry {
        path: "/v1/models/{id}",
        tag: OPENAI,
        summary: "Shows a model",
        page: "models/retrieve",
        body: BodyKind::Nothing,
        example: None,
    },
];

/// The description of the request APIs, to be merged into the whole. Errors refer to the schema `Error`, which the
/// management API defines.
pub fn describe() -> OpenApi {
    let paths = ENTRIES.iter().fold(PathsBuilder::new(), |paths, entry| paths.path(entry.path, item(entry)));
    let tag = |name: &str, description: &str| TagBuilder::new().name(name).description(Some(description)).build();
    OpenApiBuilder::new()
        .info(Info::new("Requests", ""))
        .paths(vendors::paths(paths))
        .tags(Some([
            tag(NATIVE, "Baton's own request API: OpenAI's bodies, with an envelope around the reply"),
            tag(OPENAI, "OpenAI's API, served by every provider: OpenAI's SDKs need only another base URL"),
            tag(vendors::ANTHROPIC, "Anthropic's API, served by every provider; `/v1/models` replies in its shape too"),
            tag(vendors::OLLAMA, "Ollama's API, served by every provider"),
        ]))
        .build()
}

fn item(entry: &Entry) -> PathItem {
    let method = if entry.body == BodyKind::Nothing { HttpMethod::Get } else { HttpMethod::Post };
    let mut operation = OperationBuilder::new()
        .tag(entry.tag)
        .summary(Some(entry.summary))
        .description(Some(description(entry)))
        .response("200", response(entry))
        .response("default", error(entry));
    if entry.path.contains("{id}") {
        let id = ParameterBuilder::new().name("id").parameter_in(ParameterIn::Path).schema(Some(text()));
        operation = operation.parameter(id.required(Required::True).build());
    }
    if entry.body != BodyKind::Nothing {
        let mut content = ContentBuilder::new().schema(Some(object()));
        if let Some(example) = entry.example.and_then(|text| serde_json::from_str(text).ok()) {
            content = content.example(Some(example));
        }
        let media_type = if entry.body == BodyKind::Form { "multipart/form-data" } else { "application/json" };
        let mut body = RequestBodyBuilder::new().content(media_type, content.build());
        // Audio may be given by URL, which is JSON.
        if (entry.tag, entry.body) == (NATIVE, BodyKind::Form) {
            body = body.content("application/json", ContentBuilder::new().schema(Some(object())).build());
        }
        operation = operation.request_body(Some(body.required(Some(Required::True)).build()));
    }
    PathItem::new(method, operation)
}

fn description(entry: &Entry) -> String {
    let format = format!("[OpenAI's reference]({OPENAI_REFERENCE}/{})", entry.page);
    match (entry.tag, entry.body) {
        (NATIVE, BodyKind::Form) => format!(
            "The form of {format}, or JSON with the same fields and the URL of the audio file as `file_url`; with \
             `model_id` or `model`, or only `provider`, or neither for the default model. `user_id`, `project_id` and `task_id` attribute the request."
        ),
        (NATIVE, _) => format!(
            "The body of {format}, with `model_id` or `model`, or only `provider`, or neither for the default model. \
             `user_id`, `project_id`, `task_id` and `metadata` attribute the request; `fallbacks` replaces the model's own. With `stream: true` the reply is a stream of server-sent events in OpenAI's format, followed by an event `summary`."
        ),
        _ => format!("As {format} says."),
    }
}

fn response(entry: &Entry) -> ResponseBuilder {
    let (description, media_type) = match (entry.tag, entry.path) {
        (NATIVE, _) => (
            "`{response, request_id, model_id, provider, latency_ms, cost, cached, attempts}`, where `response` is \
             OpenAI's body",
            "application/json",
        ),
        (_, "/v1/audio/speech") => ("The audio", "audio/mpeg"),
        _ => ("OpenAI's body", "application/json"),
    };
    let schema = if media_type == "audio/mpeg" { text() } else { object() };
    let mut content = ContentBuilder::new().schema(Some(schema));
    if let Some(example) = reply_example(entry.path).and_then(|text| serde_json::from_str(text).ok()) {
        content = content.example(Some(example));
    }
    ResponseBuilder::new().description(description).content(media_type, content.build())
}

/// A reply as a client sees it, for the paths that newcomers try first.
fn reply_example(path: &str) -> Option<&'static str> {
    match path {
        "/api/models/chat" => Some(
            r#"{"response": {"id": "chatcmpl-1", "object": "chat.completion", "created": 1764000000, "model": "gpt-4o",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}},
                "request_id": "0193f2c4-7d1e-7c3a-9a54-0f2b8d6f1a11", "model_id": "gpt-4o", "provider": "openai",
                "latency_ms": 412, "cost": "0.0000425", "cached": false, "attempts": 1}"#,
        ),
        "/v1/chat/completions" => Some(
            r#"{"id": "chatcmpl-1", "object": "chat.completion", "created": 1764000000, "model": "gpt-4o",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello!"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}}"#,
        ),
        "/v1/embeddings" => Some(
            r#"{"object": "list", "model": "text-embedding-3-small",
                "data": [{"object": "embedding", "index": 0, "embedding": [0.0023, -0.0093, 0.0156]}],
                "usage": {"prompt_tokens": 2, "total_tokens": 2}}"#,
        ),
        _ => None,
    }
}

fn error(entry: &Entry) -> ResponseBuilder {
    if entry.tag == NATIVE {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).build();
        return ResponseBuilder::new().description("An error").content("application/json", content);
    }
    let content = ContentBuilder::new().schema(Some(object())).build();
    ResponseBuilder::new()
        .description("An error in OpenAI's shape: `{error: {message, type, param, code}}`")
        .content("application/json", content)
}
