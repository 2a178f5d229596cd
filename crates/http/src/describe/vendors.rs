//! The paths in Anthropic's and Ollama's formats, and what providers keep for their callers.

use super::shapes::{BodyKind, OPENAI, OPENAI_REFERENCE, object, text};
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{ContentBuilder, PathsBuilder, Required, ResponseBuilder};

pub(super) const ANTHROPIC: &str = "anthropic";
pub(super) const OLLAMA: &str = "ollama";

const ANTHROPIC_REFERENCE: &str = "https://docs.anthropic.com/en/api";
const OLLAMA_REFERENCE: &str = "https://github.com/ollama/ollama/blob/main/docs/api.md";

/// What a reply may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ReplyKind {
    /// JSON.
    Json,
    /// JSON, or a stream of it.
    Streamed,
    /// Whatever is kept.
    Bytes,
}

/// A method of a path.
struct Call {
    method: HttpMethod,
    path: &'static str,
    tag: &'static str,
    summary: &'static str,
    /// The page of the vendor's reference.
    page: &'static str,
    body: BodyKind,
    reply: ReplyKind,
}

/// A request without a body.
const fn get(path: &'static str, tag: &'static str, summary: &'static str, page: &'static str) -> Call {
    Call { method: HttpMethod::Get, path, tag, summary, page, body: BodyKind::Nothing, reply: ReplyKind::Json }
}

/// A request with a JSON body.
const fn post(path: &'static str, tag: &'static str, summary: &'static str, page: &'static str) -> Call {
    Call { method: HttpMethod::Post, body: BodyKind::Json, ..get(path, tag, summary, page) }
}

/// A deletion.
const fn delete(path: &'static str, tag: &'static str, summary: &'static str, page: &'static str) -> Call {
    Call { method: HttpMethod::Delete, ..get(path, tag, summary, page) }
}

impl Call {
    const fn without_body(self) -> Self {
        Self { body: BodyKind::Nothing, ..self }
    }

    const fn with_form(self) -> Self {
        Self { body: BodyKind::Form, ..self }
    }

    const fn replying(self, reply: ReplyKind) -> Self {
        Self { reply, ..self }
    }
}

const CALLS: [Call; 39] = [
    post("/v1/images/edits", OPENAI, "Edits images (a form, or JSON with `images`)", "images/createEdit")
        .with_form()
        .replying(ReplyKind::Streamed),
    post("/v1/images/variations", OPENAI, "Generates variations of an image", "images/createVariation").with_form(),
    post("/v1/moderations", OPENAI, "Classifies whether a text or image violates a policy", "moderations/create"),
    post(
        "/v1/rerank",
        OPENAI,
        "Orders documents by how well they match a query (as Cohere and Jina do)",
        "https://api.jina.ai/redoc#tag/rerank",
    ),
    post(
        "/rerank",
        OPENAI,
        "The same as `/v1/rerank`, for clients that use this path",
        "https://api.jina.ai/redoc#tag/rerank",
    ),
    delete("/v1/responses/{id}", OPENAI, "Deletes a stored response", "responses/delete"),
    get("/v1/files", OPENAI, "Lists the files of the key and of its project", "files/list"),
    post("/v1/files", OPENAI, "Uploads a file", "files/create").with_form(),
    get("/v1/files/{id}", OPENAI, "Shows a file", "files/retrieve"),
    delete("/v1/files/{id}", OPENAI, "Deletes a file", "files/delete"),
    get("/v1/files/{id}/content", OPENAI, "Returns a file's bytes", "files/retrieve-contents")
        .replying(ReplyKind::Bytes),
    get("/v1/batches", OPENAI, "Lists the batches of the key and of its project", "batch/list"),
    post("/v1/batches", OPENAI, "Runs the requests of a file", "batch/create"),
    get("/v1/batches/{id}", OPENAI, "Shows a batch", "batch/retrieve"),
    post("/v1/batches/{id}/cancel", OPENAI, "Cancels a batch", "batch/cancel").without_body(),
    post(
        "/v1/responses/input_tokens",
        OPENAI,
        "Counts the tokens of a response's prompt",
        "responses/input-tokens/count",
    ),
    post("/v1/responses/compact", OPENAI, "Makes a conversation shorter", "responses/compact"),
    post("/v1/messages", ANTHROPIC, "Generates the next message of a conversation", "messages")
        .replying(ReplyKind::Streamed),
    post("/v1/messages/count_tokens", ANTHROPIC, "Counts the tokens of a prompt", "messages-count-tokens"),
    get(
        "/v1/messages/batches",
        ANTHROPIC,
        "Lists the batches of the key and of its project",
        "listing-message-batches",
    ),
    post("/v1/messages/batches", ANTHROPIC, "Runs several requests", "creating-message-batches"),
    get("/v1/messages/batches/{id}", ANTHROPIC, "Shows a batch", "retrieving-message-batches"),
    delete("/v1/messages/batches/{id}", ANTHROPIC, "Deletes a batch", "deleting-message-batches"),
    post("/v1/messages/batches/{id}/cancel", ANTHROPIC, "Cancels a batch", "canceling-message-batches").without_body(),
    get(
        "/v1/messages/batches/{id}/results",
        ANTHROPIC,
        "Returns a batch's results",
        "retrieving-message-batch-results",
    )
    .replying(ReplyKind::Bytes),
    post("/api/chat", OLLAMA, "Generates the next message of a conversation", "generate-a-chat-completion")
        .replying(ReplyKind::Streamed),
    post("/api/generate", OLLAMA, "Generates the continuation of a text", "generate-a-completion")
        .replying(ReplyKind::Streamed),
    post("/api/embed", OLLAMA, "Creates embeddings of texts", "generate-embeddings"),
    post("/api/embeddings", OLLAMA, "Creates the embedding of a text (the older form)", "generate-embedding"),
    get("/api/tags", OLLAMA, "Lists the models that the key may use", "list-local-models"),
    post("/api/show", OLLAMA, "Shows a model", "show-model-information"),
    get("/api/ps", OLLAMA, "Lists the models that the Ollama servers have loaded", "list-running-models"),
    get("/api/version", OLLAMA, "Shows the version of the API", "version"),
    post("/api/pull", OLLAMA, "Makes the Ollama server pull a model (admins)", "pull-a-model")
        .replying(ReplyKind::Bytes),
    post("/api/push", OLLAMA, "Makes the Ollama server push a model (admins)", "push-a-model")
        .replying(ReplyKind::Bytes),
    post("/api/create", OLLAMA, "Makes the Ollama server create a model (admins)", "create-a-model")
        .replying(ReplyKind::Bytes),
    post("/api/copy", OLLAMA, "Makes the Ollama server copy a model (admins)", "copy-a-model")
        .replying(ReplyKind::Bytes),
    // Its `HEAD` asks whether the file is there.
    Call {
        reply: ReplyKind::Bytes,
        ..post("/api/blobs/{digest}", OLLAMA, "Uploads a file for a model to the Ollama server (admins)", "push-a-blob")
    },
    Call {
        body: BodyKind::Json,
        reply: ReplyKind::Bytes,
        ..delete("/api/delete", OLLAMA, "Makes the Ollama server delete a model (admins)", "delete-a-model")
    },
];

/// The same with these.
pub(super) fn paths(paths: PathsBuilder) -> PathsBuilder {
    CALLS.into_iter().fold(paths, |paths, call| {
        let path = call.path;
        paths.path(path, item(call))
    })
}

fn item(call: Call) -> PathItem {
    let reference = match call.tag {
        _ if call.page.starts_with("https:") => format!("[the reference]({})", call.page),
        ANTHROPIC => format!("[Anthropic's reference]({ANTHROPIC_REFERENCE}/{})", call.page),
        OLLAMA => format!("[Ollama's reference]({OLLAMA_REFERENCE}#{})", call.page),
        _ => format!("[OpenAI's reference]({OPENAI_REFERENCE}/{})", call.page),
    };
    let mut operation = OperationBuilder::new()
        .tag(call.tag)
        .summary(Some(call.summary))
        .description(Some(format!("As {reference} says.")))
        .response("200", response(call.reply))
        .response("default", error(call.tag));
    if let Some((name, _)) = call.path.split_once('{').and_then(|(_, rest)| rest.split_once('}')) {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).schema(Some(text()));
        operation = operation.parameter(parameter.required(Required::True).build());
    }
    if call.body != BodyKind::Nothing {
        let media_type = if call.body == BodyKind::Form { "multipart/form-data" } else { "application/json" };
        let content = ContentBuilder::new().schema(Some(object())).build();
        let body = RequestBodyBuilder::new().content(media_type, content);
        operation = operation.request_body(Some(body.required(Some(Required::True)).build()));
    }
    PathItem::new(call.method, operation)
}

fn response(reply: ReplyKind) -> ResponseBuilder {
    let json = || ContentBuilder::new().schema(Some(object())).build();
    let bytes = || ContentBuilder::new().schema(Some(text())).build();
    let builder = ResponseBuilder::new().description("The vendor's body");
    match reply {
        ReplyKind::Json => builder.content("application/json", json()),
        ReplyKind::Streamed => builder
            .content("application/json", json())
            .content("text/event-stream", bytes())
            .content("application/x-ndjson", bytes()),
        ReplyKind::Bytes => builder.content("*/*", bytes()),
    }
}

fn error(tag: &str) -> ResponseBuilder {
    let shape = match tag {
        ANTHROPIC => "An error in Anthropic's shape: `{type: \"error\", error: {type, message}}`",
        OLLAMA => "An error in Ollama's shape: `{error}`",
        _ => "An error in OpenAI's shape: `{error: {message, type, param, code}}`",
    };
    let content = ContentBuilder::new().schema(Some(object())).build();
    ResponseBuilder::new().description(shape).content("application/json", content)
}
