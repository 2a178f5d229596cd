//! What became of a command, and the event that tells its sender.

use baton_bus::BusEvent;
use baton_model::chat::Json;
use baton_model::{Timestamp, bounds};
use http::StatusCode;
use serde_json::Value;

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandOutcome {
    /// It is done; the reply of the call.
    Done(Json),
    /// It failed for good.
    Failed {
        /// The error as the API says it: `{code, message, details, request_id}`.
        error: Json,
        /// Its sentence.
        reason: String,
    },
    /// It may work later.
    Later(String),
}

impl CommandOutcome {
    /// What a call's reply means.
    pub fn from_reply(status: StatusCode, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body).into_owned();
        if status.is_success() {
            return Self::Done(Json(if text.is_empty() { "null".to_owned() } else { text }));
        }
        // The page of a panic or the like is no JSON: it becomes an error all the same, because the sender waits for
        // one.
        let error =
            serde_json::from_str::<Value>(&text).ok().and_then(|mut body| body.get_mut("error").map(Value::take));
        let error = error.unwrap_or_else(|| serde_json::json!({ "code": "internal_error", "message": text }));
        let reason = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        match status {
            // Baton itself, or every provider, has no capacity for it now: the command is as good as before.
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Self::Later(reason),
            _ => Self::Failed { error: Json(error.to_string()), reason },
        }
    }

    /// A failure that no call was made for.
    pub fn from_refusal(reason: String) -> Self {
        let error = serde_json::json!({ "code": "invalid_request", "message": reason });
        Self::Failed { error: Json(error.to_string()), reason }
    }

    /// The same in few words, for a reply that is too long to be kept until the command comes again.
    pub fn shorten(&self) -> Self {
        match self {
            Self::Done(_) => Self::repeated("the command was executed; its reply was too long to be stored"),
            Self::Failed { reason, .. } => Self::from_refusal(bounds::truncate(reason, bounds::ERROR).into_owned()),
            Self::Later(reason) => Self::Later(bounds::truncate(reason, bounds::ERROR).into_owned()),
        }
    }

    /// What a command is told that comes again and whose reply is not there.
    pub fn repeated(message: &str) -> Self {
        Self::Done(Json(serde_json::json!({ "repeated": true, "message": message }).to_string()))
    }

    /// The event for the command's sender: `<type>.result` or `<type>.error`, with `commandid`. Its id is the same
    /// however often it is sent.
    pub fn reply(&self, command: &BusEvent, node: &str, now: Timestamp) -> BusEvent {
        let (word, data) = match self {
            Self::Done(data) => ("result", data.clone()),
            Self::Failed { error, .. } => ("error", error.clone()),
            Self::Later(reason) => {
                ("error", Json(serde_json::json!({ "code": "overloaded", "message": reason }).to_string()))
            }
        };
        let mut event = BusEvent::new(format!("{}:{word}", command.id), node, format!("{}.{word}", command.kind));
        event.subject.clone_from(&command.subject);
        event.time = Some(now);
        event.datacontenttype = Some("application/json".to_owned());
        event.data = Some(data);
        let event = event.with_attribute("commandid", &command.id);
        match command.text("traceparent") {
            Some(trace) => event.with_attribute("traceparent", trace),
            None => event,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_an_outcome() {
        assert_eq!(CommandOutcome::from_reply(StatusCode::NO_CONTENT, b""), CommandOutcome::Done(Json("null".into())));
        assert_eq!(
            CommandOutcome::from_reply(StatusCode::OK, b"{\"a\": 1.0}"),
            CommandOutcome::Done(Json("{\"a\": 1.0}".into()))
        );
        let body = br#"{"error":{"code":"conflict","message":"taken"}}"#;
        assert_eq!(
            CommandOutcome::from_reply(StatusCode::CONFLICT, body),
            CommandOutcome::Failed {
                error: Json(r#"{"code":"conflict","message":"taken"}"#.into()),
                reason: "taken".into()
            }
        );
        assert_eq!(
            CommandOutcome::from_reply(StatusCode::SERVICE_UNAVAILABLE, body),
            CommandOutcome::Later("taken".into())
        );
        assert!(matches!(
            CommandOutcome::from_reply(StatusCode::BAD_GATEWAY, b"<html>"),
            CommandOutcome::Failed { .. }
        ));
    }
}
