//! The stream looked over: deltas are seen but not taken apart.
//!
//! The first delta of an item is read like in full, which notes that the item was told; those that follow it, of the
//! same kind and item, only count.

use super::full_reader::ResponsesFullReader;
use crate::meter_only::{find_values, reduce, single_data_line, text_length};
use crate::{ReadError, StreamReader};
use baton_model::ReplyEvent;
use memchr::memchr;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Reads only what the meter and the fallback need.
#[derive(Debug, Default)]
pub(super) struct ResponsesMeterReader {
    full: ResponsesFullReader,
    /// The kind and item of the last frame, if that was a delta.
    last: Option<Vec<u8>>,
}

impl StreamReader for ResponsesMeterReader {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        let Some(delta) = plain_delta(frame).filter(|_| !self.full.ended) else {
            self.last = None;
            return self.full.push(frame).map(reduce);
        };
        if self.last.as_ref() == Some(&delta.of) {
            return Ok(vec![ReplyEvent::Opaque { text_bytes: delta.text_bytes }]);
        }
        self.last = Some(delta.of);
        self.full.push(frame).map(reduce)
    }

    fn finish(&mut self) -> Vec<ReplyEvent> {
        self.full.finish()
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Delta {
    text_bytes: u32,
    /// The event's type and the numbers that say what it belongs to, as they stand.
    of: Vec<u8>,
}

/// The types of events that hold text and nothing else.
const TYPES: [&[u8]; 5] = [
    b"\"response.output_text.delta\"",
    b"\"response.refusal.delta\"",
    b"\"response.reasoning_summary_text.delta\"",
    b"\"response.reasoning_text.delta\"",
    b"\"response.function_call_arguments.delta\"",
];

/// What a frame holds that is known to be a delta of text and nothing else; `None` where that can't be said without
/// parsing.
fn plain_delta(frame: &[u8]) -> Option<Delta> {
    let keys = &*KEYS;
    let line = match frame.strip_prefix(b"event: ") {
        Some(rest) => rest.get(memchr(b'\n', rest)? + 1..)?,
        None => frame,
    };
    let data = single_data_line(line)?;
    // Escapes could spell a key.
    if keys.escape.find(data).is_some() || keys.deep.iter().any(|key| find_values(data, key).next().is_some()) {
        return None;
    }
    let mut types = find_values(data, &keys.type_);
    let type_ = types.next()?;
    let type_ = TYPES.into_iter().find(|known| type_.starts_with(known))?;
    // Most deltas have an empty list; log probabilities that are there are content of their own.
    if types.next().is_some() || !find_values(data, &keys.logprobs).all(|value| value.starts_with(b"[]")) {
        return None;
    }
    let mut of = type_.to_vec();
    for key in &keys.places {
        for value in find_values(data, key) {
            of.push(b' ');
            of.extend(value.iter().take_while(|byte| byte.is_ascii_digit()));
        }
    }
    let mut deltas = find_values(data, &keys.delta);
    let length = text_length(deltas.next()?)?;
    let text_bytes = u32::try_from(length).ok().filter(|_| deltas.next().is_none())?;
    Some(Delta { text_bytes, of })
}

struct Keys {
    type_: Finder<'static>,
    delta: Finder<'static>,
    logprobs: Finder<'static>,
    escape: Finder<'static>,
    /// Keys that ask for parsing by being there.
    deep: [Finder<'static>; 4],
    places: [Finder<'static>; 3],
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    type_: Finder::new("\"type\""),
    delta: Finder::new("\"delta\""),
    logprobs: Finder::new("\"logprobs\""),
    escape: Finder::new("\\u00"),
    deep: ["\"response\"", "\"item\"", "\"error\"", "\"usage\""].map(Finder::new),
    places: ["\"output_index\"", "\"summary_index\"", "\"content_index\""].map(Finder::new),
});

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data: &str, expected: Option<(u32, &str)>) {
        let frame = format!("event: x\ndata: {data}\n\n");
        let delta = plain_delta(frame.as_bytes());
        let delta = delta.map(|delta| (delta.text_bytes, String::from_utf8_lossy(&delta.of).into_owned()));
        assert_eq!(delta, expected.map(|(size, of)| (size, of.to_owned())), "{data}");
    }

    #[test]
    fn deltas_are_measured_without_parsing() {
        let text = r#"{"type":"response.output_text.delta","output_index":1,"content_index":0,"delta":"a\n\"é","logprobs":[]}"#;
        check(text, Some((5, "\"response.output_text.delta\" 1 0")));
        let arguments =
            r#"{"delta":"{","output_index" : 12,"type" : "response.function_call_arguments.delta","obfuscation":"x"}"#;
        check(arguments, Some((1, "\"response.function_call_arguments.delta\" 12")));
    }

    #[test]
    fn whatever_may_tell_more_is_parsed() {
        check(r#"{"type":"response.output_text.delta","delta":"a","logprobs":[{"token":"a"}]}"#, None);
        check(r#"{"type":"response.output_text.delta","delta":"a","response":{}}"#, None);
        check(r#"{"type":"response.output_text.done","text":"a"}"#, None);
        check(r#"{"\u0074ype":"response.completed","type":"response.output_text.delta","delta":"a"}"#, None);
        check(r#"{"type":"response.output_text.delta","delta":"a","delta":"b"}"#, None);
    }
}
