//! What a reply of Baton's is like if the call succeeded.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// What a reply must be for a command to report success.
#[derive(Debug, Clone, Copy)]
pub struct ExpectedReply {
    status: StatusCode,
    /// Whether the status may be 201 as well.
    or_created: bool,
    /// Whether it is a page beside the API, whose replies carry no request id.
    is_page: bool,
    fields: &'static [ExpectedField],
}

/// A field that a reply must have: a JSON pointer, and the kind of value there.
#[derive(Debug, Clone, Copy)]
pub enum ExpectedField {
    /// Text that is not empty.
    Text(&'static str),
    /// An array.
    List(&'static str),
    /// A number.
    Number(&'static str),
    /// `true` or `false`.
    Bool(&'static str),
}

impl ExpectedReply {
    /// A page of a list.
    pub const LIST: Self = Self::ok(&[ExpectedField::List("/items")]);
    /// No content.
    pub const NOTHING: Self = Self { status: StatusCode::NO_CONTENT, or_created: false, is_page: false, fields: &[] };

    /// An object with these fields.
    pub const fn ok(fields: &'static [ExpectedField]) -> Self {
        Self { status: StatusCode::OK, or_created: false, is_page: false, fields }
    }

    /// An object with these fields at a path beside the API, such as the API's description: they have to tell it apart.
    pub const fn page(fields: &'static [ExpectedField]) -> Self {
        Self { status: StatusCode::OK, or_created: false, is_page: true, fields }
    }

    /// An object with these fields, which was changed by the call, or created if it was not there.
    pub const fn created_or_changed(fields: &'static [ExpectedField]) -> Self {
        Self { status: StatusCode::OK, or_created: true, is_page: false, fields }
    }

    /// An object with these fields, which was created by the call.
    pub const fn created(fields: &'static [ExpectedField]) -> Self {
        Self { status: StatusCode::CREATED, or_created: false, is_page: false, fields }
    }

    /// An object with these fields, for which the work goes on.
    pub const fn accepted(fields: &'static [ExpectedField]) -> Self {
        Self { status: StatusCode::ACCEPTED, or_created: false, is_page: false, fields }
    }

    /// Reads a whole reply; `null` where no content is expected.
    ///
    /// # Errors
    /// How the reply differs.
    pub fn read(&self, status: &StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Value, String> {
        let expected = if self.or_created && *status == StatusCode::CREATED { *status } else { self.status };
        if self.is_page {
            check_status(expected, status)?;
        } else {
            check_head(expected, status, headers)?;
        }
        if self.status == StatusCode::NO_CONTENT {
            return if body.is_empty() { Ok(Value::Null) } else { Err("the reply should be empty".to_owned()) };
        }
        let value: Value = serde_json::from_slice(body).map_err(|_| "the reply is not JSON".to_owned())?;
        let missing = self.fields.iter().find(|field| !field.is_in(&value));
        match missing {
            Some(field) => Err(format!("the reply has no `{}`", field.pointer().trim_start_matches('/'))),
            None => Ok(value),
        }
    }

    /// Checks the head of a stream of events.
    ///
    /// # Errors
    /// How the reply differs.
    pub fn stream(status: &StatusCode, headers: &HeaderMap) -> Result<(), String> {
        check_head(StatusCode::OK, status, headers)?;
        let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("text/event-stream") { Ok(()) } else { Err("the reply is not an event stream".to_owned()) }
    }
}

impl ExpectedField {
    fn pointer(&self) -> &'static str {
        match self {
            Self::Text(pointer) | Self::List(pointer) | Self::Number(pointer) | Self::Bool(pointer) => pointer,
        }
    }

    fn is_in(&self, value: &Value) -> bool {
        let found = value.pointer(self.pointer());
        match self {
            // A key or an id that is empty would be printed as if something had been made.
            Self::Text(_) => found.and_then(Value::as_str).is_some_and(|text| !text.is_empty()),
            Self::List(_) => found.is_some_and(Value::is_array),
            Self::Number(_) => found.is_some_and(Value::is_number),
            Self::Bool(_) => found.is_some_and(Value::is_boolean),
        }
    }
}

fn check_status(expected: StatusCode, status: &StatusCode) -> Result<(), String> {
    if *status == expected { Ok(()) } else { Err(format!("the status is {status} instead of {expected}")) }
}

/// Every reply of Baton's carries a request id; a 204 of another service has nothing else to tell it by.
fn check_head(expected: StatusCode, status: &StatusCode, headers: &HeaderMap) -> Result<(), String> {
    check_status(expected, status)?;
    if headers.contains_key("x-request-id") { Ok(()) } else { Err("the reply has no x-request-id header".to_owned()) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(expected: &ExpectedReply, status: u16, body: &str) -> Result<Value, String> {
        let mut headers = HeaderMap::new();
        headers.insert("x-request-id", HeaderValue::from_static("1"));
        expected.read(&StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes())
    }

    #[test]
    fn only_the_expected_reply_is_a_success() {
        const CREATED: ExpectedReply = ExpectedReply::created(&[ExpectedField::Text("/id")]);
        assert_eq!(read(&CREATED, 201, r#"{"id":"a"}"#).unwrap().pointer("/id").unwrap(), "a");
        for (status, body) in [
            (200, r#"{"id":"a"}"#),
            (201, "{}"),
            (201, r#"{"id":""}"#),
            (201, r#"{"id":1}"#),
            (201, "<html>"),
            (201, ""),
        ] {
            read(&CREATED, status, body).unwrap_err();
        }
        assert_eq!(read(&ExpectedReply::NOTHING, 204, "").unwrap(), Value::Null);
        read(&ExpectedReply::NOTHING, 200, "").unwrap_err();
        read(&ExpectedReply::LIST, 200, r#"{"items":{}}"#).unwrap_err();
        // Right in everything but the header that only Baton sends.
        CREATED.read(&StatusCode::CREATED, &HeaderMap::new(), br#"{"id":"a"}"#).unwrap_err();
    }
}
