//! The response object: what stands around the output, in whole replies and in the events that begin and end a stream.
//!
//! Reference: OpenAI API reference, `ResponseBase`. It repeats much of its request; where the client said nothing, the
//! service's defaults.

use super::usage;
use crate::ReplyContext;
use crate::client_tools::{ClientCall, ClientTools};
use crate::framing::splice;
use crate::json::{Object, object};
use baton_model::event::{FinishReason, ReplyStart};
use baton_model::{Body, PublicError, Usage};

/// What a response says of its request, and what if that says nothing; in the order of the reference.
const REPEATED: [(&str, &str); 19] = [
    ("background", "false"),
    ("conversation", "null"),
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("prompt", "null"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("temperature", "1.0"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("top_logprobs", "0"),
    ("top_p", "1.0"),
    ("truncation", "\"disabled\""),
];

/// How a response stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum ResponseStatus<'s> {
    /// It is being made.
    InProgress,
    /// It is complete, for that reason; `None` if the provider gave none.
    Finished(Option<&'s FinishReason>),
    /// It broke.
    Failed(&'s PublicError),
}

/// What all forms of one response share.
#[derive(Debug)]
pub(super) struct ResponseBase {
    pub id: String,
    model: String,
    created: i64,
    request: Option<Body>,
    stored: bool,
    tools: ClientTools,
    pub usage: Option<Usage>,
}

impl ResponseBase {
    pub(super) fn new(context: ReplyContext) -> Self {
        let ReplyContext { id, model, created, request, stored, tools, .. } = context;
        // The id is Baton's own whatever the provider's was: clients ask Baton for it.
        let id = if id.starts_with("resp_") { id } else { format!("resp_{id}") };
        Self { id, model, created, request: splice::scan(request).ok(), stored, tools, usage: None }
    }

    /// Takes the provider's names over ours.
    pub(super) fn start(&mut self, started: &ReplyStart) {
        if let Some(model) = &started.model {
            self.model.clone_from(model);
        }
        self.created = started.created.unwrap_or(self.created);
    }

    /// A call as the client knows it.
    pub(super) fn client_call(&self, name: &str) -> ClientCall {
        self.tools.call(name)
    }

    /// The id of an item of that number: unique among all responses, as this one's id is.
    pub(super) fn item_id(&self, prefix: &str, number: usize) -> String {
        format!("{prefix}_{}_{number}", self.id.trim_start_matches("resp_"))
    }

    /// The object, with these items as its output.
    pub(super) fn write<'i>(&self, status: ResponseStatus<'_>, output: impl Iterator<Item = &'i str>) -> String {
        let object = object(|o| {
            o.string("id", &self.id).string("object", "response").integer("created_at", self.created);
            write_status(status, o);
            o.string("model", &self.model).array("output", |a| {
                for item in output {
                    a.raw(item);
                }
            });
            self.repeat_request(o);
            let tier = self.usage.as_ref().and_then(|usage| usage.service_tier.as_deref());
            match tier {
                Some(tier) => o.string("service_tier", tier),
                None => o.null("service_tier"),
            };
            match &self.usage {
                // SDKs take usage as final, so none is shown before the end.
                Some(used) if !matches!(status, ResponseStatus::InProgress) => {
                    o.object("usage", |o| usage::write(used, o))
                }
                _ => o.null("usage"),
            };
            o.bool("store", self.stored);
            self.repeat("user", "null", o);
        });
        String::from_utf8(object).unwrap_or_default()
    }

    fn repeat_request(&self, o: &mut Object<'_>) {
        for (name, default) in REPEATED {
            self.repeat(name, default, o);
        }
    }

    fn repeat(&self, name: &str, default: &str, o: &mut Object<'_>) {
        let given = self.request.as_ref().and_then(|request| request.value(name));
        // The SDKs' types require these fields, so an absent one has its default.
        let given = given.filter(|value| *value != b"null").and_then(|value| std::str::from_utf8(value).ok());
        o.raw(name, given.unwrap_or(default));
    }
}

fn write_status(status: ResponseStatus<'_>, o: &mut Object<'_>) {
    let reason = incomplete(status);
    let word = match status {
        ResponseStatus::InProgress => "in_progress",
        ResponseStatus::Failed(_) => "failed",
        ResponseStatus::Finished(_) if reason.is_some() => "incomplete",
        ResponseStatus::Finished(_) => "completed",
    };
    o.string("status", word);
    match status {
        ResponseStatus::Failed(error) => o.object("error", |o| {
            o.string("code", error_code(error)).string("message", &error.message);
        }),
        ResponseStatus::InProgress | ResponseStatus::Finished(_) => o.null("error"),
    };
    match reason {
        Some(reason) => o.object("incomplete_details", |o| o.string("reason", reason).end()),
        None => o.null("incomplete_details"),
    };
}

/// Why a response is not all that it could have been.
pub(super) fn incomplete(status: ResponseStatus<'_>) -> Option<&'static str> {
    match status {
        ResponseStatus::Finished(Some(FinishReason::Length | FinishReason::ContextWindow)) => Some("max_output_tokens"),
        ResponseStatus::Finished(Some(FinishReason::ContentFilter | FinishReason::Refusal)) => Some("content_filter"),
        _ => None,
    }
}

/// The code of an error inside a response; the reference has a few, of which two fit.
pub(super) fn error_code(error: &PublicError) -> &'static str {
    match error.code {
        baton_model::Code::RateLimitExceeded | baton_model::Code::BudgetExceeded => "rate_limit_exceeded",
        _ => "server_error",
    }
}
