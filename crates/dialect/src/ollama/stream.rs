//! Streams, read: one line at a time.
//!
//! Looked over for its facts alone, most lines hold a few words and nothing else. They are told by searching for a
//! handful of keys; any line that could hold more is parsed like in full.

use super::line::LineContext;
use crate::json::Node;
use crate::meter_only::{find_values, reduce, text_length};
use crate::{ReadError, StreamReader};
use baton_model::{Detail, ReplyEvent};
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// A reader for a provider's stream.
pub(super) fn reader(detail: Detail) -> Box<dyn StreamReader> {
    match detail {
        Detail::Full => Box::new(OllamaFullReader::default()),
        Detail::MeterOnly => Box::new(OllamaMeterReader::default()),
    }
}

/// Reads every event.
#[derive(Debug, Default)]
struct OllamaFullReader {
    lines: LineContext,
    /// Whether the end, or a failure, was told.
    ended: bool,
}

impl StreamReader for OllamaFullReader {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        let mut events = Vec::new();
        if self.ended || frame.trim_ascii().is_empty() {
            return Ok(events);
        }
        self.lines.push(&Node::parse(frame)?, &mut events);
        self.ended = events.iter().any(|event| matches!(event, ReplyEvent::Failed(_) | ReplyEvent::Ended));
        Ok(events)
    }

    /// The last line always says that it is the last.
    fn finish(&mut self) -> Vec<ReplyEvent> {
        Vec::new()
    }
}

/// Reads only what the meter and the fallback need.
#[derive(Debug, Default)]
struct OllamaMeterReader {
    full: OllamaFullReader,
}

impl StreamReader for OllamaMeterReader {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        // The first line has the names.
        if self.full.lines.is_started()
            && !self.full.ended
            && let Some(text_bytes) = plain_text(frame)
        {
            return Ok(vec![ReplyEvent::Opaque { text_bytes }]);
        }
        self.full.push(frame).map(reduce)
    }

    fn finish(&mut self) -> Vec<ReplyEvent> {
        self.full.finish()
    }
}

/// How many bytes of text a line holds that is known to hold text and nothing else; `None` where that can't be said
/// without parsing.
fn plain_text(frame: &[u8]) -> Option<u32> {
    let line = frame.trim_ascii();
    let keys = &*KEYS;
    let whole = line.starts_with(b"{") && line.ends_with(b"}");
    // Escapes could spell a key.
    if !whole
        || keys.escape.find(line).is_some()
        || keys.telling.iter().any(|key| find_values(line, key).next().is_some())
    {
        return None;
    }
    // A line says `done` once. Any other is for the parser.
    let mut done = find_values(line, &keys.done);
    if !done.next()?.starts_with(b"false") || done.next().is_some() {
        return None;
    }
    let mut total = 0;
    for length in keys.text.iter().flat_map(|key| find_values(line, key)).map(text_length) {
        total += length?;
    }
    // Nothing found: the text stands under a key that is not known here, or there is none.
    u32::try_from(total).ok().filter(|total| *total > 0)
}

struct Keys {
    /// Keys that ask for parsing by being there.
    telling: [Finder<'static>; 3],
    done: Finder<'static>,
    escape: Finder<'static>,
    /// Keys whose value is text of the reply.
    text: [Finder<'static>; 3],
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    telling: ["\"tool_calls\"", "\"error\"", "\"logprobs\""].map(Finder::new),
    done: Finder::new("\"done\""),
    escape: Finder::new("\\u00"),
    text: ["\"content\"", "\"thinking\"", "\"response\""].map(Finder::new),
});

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: Option<u32>) {
        assert_eq!(plain_text(line.as_bytes()), expected, "{line}");
    }

    #[test]
    fn text_is_measured_without_parsing() {
        check(r#"{"message":{"role":"assistant","content":"a\n\"é"},"done":false}"#, Some(5));
        check("{\"message\":{\"content\":\"\",\"thinking\":\"ab\"}, \"done\" : false}\r\n", Some(2));
        // A model may write about the keys themselves. Inside of a text their quotes are escaped.
        check(r#"{"response":"say \"done\": true","done":false}"#, Some(16));
    }

    #[test]
    fn whatever_may_tell_more_is_parsed() {
        check(r#"{"message":{"content":""},"done":false}"#, None);
        check(r#"{"message":{"content":"a"},"done":true}"#, None);
        check(r#"{"message":{"content":"a"}}"#, None);
        check(r#"{"message":{"content":"a"},"done":false,"\u0064one":true}"#, None);
        check(r#"{"message":{"content":"a","tool_calls":[]},"done":false}"#, None);
        check(r#"{"error":"x","message":{"content":"a"},"done":false}"#, None);
        check(r#"{"message":{"content":"a"},"done":false"#, None);
    }
}
