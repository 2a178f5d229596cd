//! Replies that failed though their status was 200: how they are recognised, and what becomes of them. What they used is billed all
//! the same.

use baton_dialect::profile::ToolNames;
use baton_model::fault::UpstreamError;
use baton_model::{Dialect, ReplyEvent};
use baton_provider_api::Frame;
use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The event that says that the provider failed.
pub(crate) fn find_failure(events: &[ReplyEvent]) -> Option<UpstreamError> {
    events.iter().find_map(|event| if let ReplyEvent::Failed(error) = event { Some(error.clone()) } else { None })
}

/// The events of a reply that failed: what it used, which is billed all the same, and the error.
pub(crate) fn failed(events: Vec<ReplyEvent>, error: UpstreamError) -> Vec<ReplyEvent> {
    let used = events.into_iter().filter(|event| matches!(event, ReplyEvent::Usage(_)));
    used.chain([ReplyEvent::Failed(error)]).collect()
}

/// A frame that tells an error, in the client's words for its tools.
pub(crate) fn failed_frame(names: &ToolNames, frame: Frame) -> Frame {
    let events = frame.events.into_iter().map(|event| match event {
        ReplyEvent::Failed(error) => ReplyEvent::Failed(names.restore_error(error)),
        event => event,
    });
    Frame { bytes: names.restore_error_body(frame.bytes), events: events.collect(), ..frame }
}

/// A body of at most so many bytes is looked through whole for an error: this takes microseconds.
const SHORT: usize = 4 << 10;

/// An error that came with status 200, as some services send it: `{"error": …}` beside or instead of a reply, or vLLM's
/// older `{"object": "error", "message": …}`.
pub(crate) fn error_in_success(dialect: Dialect, body: &[u8]) -> Option<UpstreamError> {
    #[derive(Deserialize)]
    struct Probe<'a> {
        #[serde(borrow)]
        error: Option<&'a RawValue>,
        #[serde(borrow)]
        object: Option<&'a RawValue>,
        /// Of OpenAI's Responses: a response that failed has an `error`, and is one all the same.
        #[serde(borrow)]
        output: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Inner {
        code: Option<u16>,
    }
    // A long reply never begins with `error`; to look only there keeps long replies from being parsed twice.
    let start = if body.len() <= SHORT { body } else { body.get(..200).unwrap_or(body) };
    memmem::find(start, b"\"error\"")?;
    let whole: &RawValue = serde_json::from_slice(body).ok()?;
    let probe: Probe<'_> = serde_json::from_str(whole.get()).ok()?;
    let error = match probe.error.filter(|error| error.get() != "null" && probe.output.is_none()) {
        Some(error) => error,
        None if probe.object.is_some_and(|object| object.get() == "\"error\"") => whole,
        None => return None,
    };
    let said = serde_json::from_str::<Inner>(error.get()).ok().and_then(|inner| inner.code);
    let status = said.filter(|code| (400..600).contains(code)).unwrap_or(500);
    Some(baton_dialect::error::read(dialect, status, body))
}
