//! A call that a model was made to write as text: its reply had to have the schema of one.
//!
//! The frames are changed and not their events, so that a recording of the reply holds the call in its place.

use crate::framing::splice::{Editor, scan};
use crate::json::{Node, array, quoted};
use bytes::Bytes;

/// The longest text that is held back, in bytes. A model that writes more writes no call.
const LONGEST: usize = 1 << 20;

/// Makes a call of the text of a reply: its frames go out with the call in the place that the format has for calls.
#[derive(Debug, Clone, Default)]
pub struct CallInText {
    /// The tools that may be called.
    names: Vec<String>,
    /// What was held back.
    text: String,
    /// Whether the server itself found a call.
    called: bool,
    given_up: bool,
}

impl CallInText {
    /// For a reply that has to call one of these tools.
    pub fn of(names: Vec<String>) -> Self {
        Self { names, ..Self::default() }
    }

    /// A line of the reply, or all of it, without the text; the last has the call.
    pub fn restore(&mut self, frame: Bytes) -> Bytes {
        if self.given_up {
            return frame;
        }
        // What is no line of a reply is read, and refused, by whoever reads the reply.
        let Ok(body) = scan(frame.clone()) else { return frame };
        self.edit(Editor::new(&body)).unwrap_or(frame)
    }

    fn edit(&mut self, mut editor: Editor<'_>) -> Option<Bytes> {
        // A line that reports an error has no message.
        editor.get("message")?;
        let content = editor.get_nested("message", "content");
        let content = content.and_then(|text| Node::parse(text.as_bytes()).ok()?.string_or_none());
        self.text.push_str(&content.unwrap_or_default());
        let calls = editor.get_nested("message", "tool_calls");
        self.called |= calls.is_some_and(|calls| !matches!(calls.as_str(), "null" | "[]"));
        let ends = editor.get("done") == Some("true");
        self.given_up = !ends && self.text.len() > LONGEST;
        let mut said = String::new();
        if ends || self.given_up {
            let text = std::mem::take(&mut self.text);
            match self.read(&text) {
                // The server has made a call of the same text.
                _ if self.called => {}
                Some(call) => editor.set_nested("message", "tool_calls", call).ok()?,
                // Cut off, or of a server that knows no schemas: the client sees what there is.
                None => said = text,
            }
        }
        editor.set_nested("message", "content", quoted(&said)).ok()?;
        Some(editor.finish())
    }

    /// The calls in a text: a list of one, as the format has it.
    fn read(&self, text: &str) -> Option<String> {
        let root = Node::parse(text.trim().as_bytes()).ok()?;
        let name = root.get("name")?.string_or_none().filter(|name| self.names.contains(name))?;
        let arguments = root.get("arguments").filter(|arguments| arguments.is_object())?;
        let calls = array(|a| {
            a.object(|o| {
                o.object("function", |o| {
                    o.string("name", &name).raw("arguments", arguments.text());
                });
            });
        });
        String::from_utf8(calls).ok()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn restored(lines: &[&str]) -> Vec<String> {
        let mut calls = CallInText::of(vec!["f".into()]);
        let restore = |line: &&str| calls.restore(Bytes::copy_from_slice(line.as_bytes()));
        lines.iter().map(restore).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect()
    }

    #[test]
    fn the_text_of_a_reply_becomes_a_call() {
        let lines = restored(&[
            r#"{"message":{"role":"assistant","content":"{\"name\": \"f\","},"done":false}"#,
            r#"{"message":{"role":"assistant","content":" \"arguments\": {\"a\": 1.0}}"},"done":false}"#,
            r#"{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#,
        ]);
        assert_eq!(lines[0], r#"{"message":{"role":"assistant","content":""},"done":false}"#);
        assert_eq!(lines[1], lines[0]);
        let last = r#"{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a": 1.0}}}]},"done":true,"done_reason":"stop"}"#;
        assert_eq!(lines[2], last);
    }

    #[test]
    fn what_is_no_call_stays_text() {
        for text in ["{\\\"name\\\": \\\"f\\\", \\\"argu", "{\\\"name\\\":\\\"g\\\",\\\"arguments\\\":{}}", "Hi"] {
            let line = format!(r#"{{"message":{{"content":"{text}"}},"done":true}}"#);
            assert_eq!(restored(&[&line]), std::slice::from_ref(&line));
        }
        let error = r#"{"error":"out of memory"}"#;
        assert_eq!(restored(&[error]), [error]);
    }

    #[test]
    fn a_call_that_the_server_found_is_the_only_one() {
        let lines = restored(&[
            r#"{"message":{"content":" ","tool_calls":[{"function":{"name":"f","arguments":{}}}]},"done":false}"#,
            r#"{"message":{"content":""},"done":true}"#,
        ]);
        assert_eq!(
            lines,
            [
                r#"{"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{}}}]},"done":false}"#,
                r#"{"message":{"content":""},"done":true}"#
            ]
        );
    }

    #[test]
    fn a_text_without_end_is_not_held_back() {
        let long = "x".repeat(LONGEST + 1);
        let line = format!(r#"{{"message":{{"content":"{long}"}},"done":false}}"#);
        let next = r#"{"message":{"content":"y"},"done":false}"#;
        assert_eq!(restored(&[&line, next]), [line.clone(), next.to_owned()]);
    }
}
