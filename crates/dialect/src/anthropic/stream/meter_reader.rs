//! The stream looked over: deltas are seen but not taken apart.

use super::full_reader::AnthropicFullReader;
use crate::meter_only::{find_values, reduce, single_data_line, text_length};
use crate::{ReadError, StreamReader};
use baton_model::ReplyEvent;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Reads only what the meter and the fallback need.
#[derive(Debug, Default)]
pub(super) struct AnthropicMeterReader {
    full: AnthropicFullReader,
}

impl StreamReader for AnthropicMeterReader {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        if !self.full.ended
            && let Some(delta) = plain_delta(frame)
            && (!delta.is_json || self.full.blocks.takes_arguments())
        {
            // Else the full reader would tell the start's `input` at the stop, as if no arguments had come.
            if delta.is_json {
                self.full.blocks.note_arguments();
            }
            return Ok(vec![ReplyEvent::Opaque { text_bytes: delta.text_bytes }]);
        }
        self.full.push(frame).map(reduce)
    }

    fn finish(&mut self) -> Vec<ReplyEvent> {
        self.full.finish()
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Delta {
    text_bytes: u32,
    /// Whether it is JSON of a block's input.
    is_json: bool,
}

/// The type of an event that holds a delta.
const EVENT: &[u8] = b"\"content_block_delta\"";

/// What a frame holds that is known to be a delta of text, reasoning or arguments, and nothing else; `None` where that
/// can't be said without parsing.
fn plain_delta(frame: &[u8]) -> Option<Delta> {
    let keys = &*KEYS;
    let line = match frame.strip_prefix(b"event: content_block_delta\n") {
        Some(line) => line,
        None if frame.starts_with(b"data:") => frame,
        None => return None,
    };
    let data = single_data_line(line)?;
    let is = |value: &[u8], types: &[&[u8]]| types.iter().any(|type_| value.starts_with(type_));
    // An event's own type may stand anywhere, so none may be another event's.
    let is_known =
        |value: &[u8]| is(value, &[EVENT, b"\"text_delta\"", b"\"thinking_delta\"", b"\"input_json_delta\""]);
    if !find_values(data, &keys.type_).any(|value| is(value, &[EVENT])) || !find_values(data, &keys.type_).all(is_known)
    {
        return None;
    }
    if keys.escape.find(data).is_some() {
        return None;
    }
    if keys.telling.iter().any(|key| find_values(data, key).next().is_some()) {
        return None;
    }
    let size =
        |key: &Finder<'_>| find_values(data, key).map(text_length).try_fold(0, |sum, length| Some(sum + length?));
    let (json, text) = (size(&keys.json)?, size(&keys.text)? + size(&keys.thinking)?);
    // Nothing found: the content stands under a key that is not known here, and the full reader has to look.
    let text_bytes = u32::try_from(json + text).ok().filter(|total| *total > 0)?;
    Some(Delta { text_bytes, is_json: json > 0 })
}

struct Keys {
    type_: Finder<'static>,
    /// Keys that ask for parsing by being there.
    telling: [Finder<'static>; 6],
    escape: Finder<'static>,
    text: Finder<'static>,
    thinking: Finder<'static>,
    json: Finder<'static>,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    type_: Finder::new("\"type\""),
    telling: ["\"usage\"", "\"error\"", "\"stop_reason\"", "\"signature\"", "\"citation\"", "\"message\""]
        .map(Finder::new),
    // A key may be written with escapes (`"\u0075sage"`), which the search for keys would miss.
    escape: Finder::new("\\u00"),
    text: Finder::new("\"text\""),
    thinking: Finder::new("\"thinking\""),
    json: Finder::new("\"partial_json\""),
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::sse;

    fn check(delta: &str, expected: Option<(u32, bool)>) {
        let data = format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#);
        let expected = expected.map(|(text_bytes, is_json)| Delta { text_bytes, is_json });
        assert_eq!(plain_delta(&sse::write(Some("content_block_delta"), data.as_bytes())), expected, "{delta}");
        assert_eq!(plain_delta(&sse::write(None, data.as_bytes())), expected, "{delta}");
    }

    #[test]
    fn deltas_are_measured_without_parsing() {
        check(r#"{"type":"text_delta","text":"a\n\"é"}"#, Some((5, false)));
        check(r#"{"type":"thinking_delta","thinking":"hm"}"#, Some((2, false)));
        check(r#"{"type":"input_json_delta","partial_json":"{\"a\""}"#, Some((4, true)));
        check(r#"{"type":"text_delta","text":"say \"usage\": 3"}"#, Some((14, false)));
    }

    #[test]
    fn whatever_may_tell_more_is_parsed() {
        check(r#"{"type":"text_delta","text":""}"#, None);
        check(r#"{"type":"signature_delta","signature":"s"}"#, None);
        check(r#"{"type":"text_delta","text":"a"},"usage":{"output_tokens":1}"#, None);
        check(r#"{"type":"text_delta","text":"a"},"\u0075sage":{"output_tokens":1}"#, None);
        check(r#"{"type":"text_delta","text":"a"},"type":"message_stop""#, None);
        assert_eq!(plain_delta(b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"), None);
        assert_eq!(plain_delta(b"data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\n\n"), None);
    }
}
