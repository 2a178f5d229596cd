//! The stream looked over: content is seen but not taken apart.
//!
//! Most frames hold a few words and nothing else. They are told by searching for a handful of keys; any frame that
//! could hold more (usage, an error, a finish, another choice), or is unusual in form, is parsed like in full.

use super::full_reader::OpenAiFullReader;
use crate::meter_only::{find_values, reduce, single_data_line, text_length};
use crate::{ReadError, StreamReader};
use baton_model::ReplyEvent;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Reads only what the meter and the fallback need.
#[derive(Debug, Default)]
pub(super) struct OpenAiMeterReader {
    full: OpenAiFullReader,
}

impl StreamReader for OpenAiMeterReader {
    fn push(&mut self, frame: &[u8]) -> Result<Vec<ReplyEvent>, ReadError> {
        // The first frames have the names, and begin the first choice, which must be complete at the end.
        if self.full.chunks.is_started()
            && self.full.chunks.has_first()
            && !self.full.ended
            && let Some(text_bytes) = plain_text(frame)
        {
            self.full.usage_only = false;
            return Ok(vec![ReplyEvent::Opaque { text_bytes }]);
        }
        self.full.push(frame).map(reduce)
    }

    fn finish(&mut self) -> Vec<ReplyEvent> {
        self.full.finish()
    }

    fn is_usage_only(&self) -> bool {
        self.full.is_usage_only()
    }
}

/// How many bytes of text a frame holds that is known to hold text of the first choice and nothing else; `None` where
/// that can't be said without parsing.
fn plain_text(frame: &[u8]) -> Option<u32> {
    let data = single_data_line(frame)?;
    let keys = &*KEYS;
    // Escapes could spell a key; `name` begins a tool call.
    if keys.escape.find(data).is_some() || keys.deep.iter().any(|key| key.find(data).is_some()) {
        return None;
    }
    let tells_nothing = |key: &Finder<'_>| find_values(data, key).all(|value| value.starts_with(b"null"));
    // vLLM's older way to say an error.
    if find_values(data, &keys.object).any(|value| value.starts_with(b"\"error\"")) {
        return None;
    }
    let is_first = |value: &[u8]| matches!(value, [b'0', b',' | b'}' | b' ', ..]);
    if !keys.telling.iter().all(tells_nothing) || !find_values(data, &keys.index).all(is_first) {
        return None;
    }
    let size =
        |key: &Finder<'_>| find_values(data, key).map(text_length).try_fold(0, |sum, length| Some(sum + length?));
    // Some services send the same text under both names; it counts once.
    let reasoning = match size(&keys.reasoning_content)? {
        0 => size(&keys.reasoning)?,
        size => size,
    };
    let mut total = reasoning;
    for key in &keys.text {
        total += size(key)?;
    }
    // Nothing found: the content stands under a key that is not known here, or there is none.
    u32::try_from(total).ok().filter(|total| *total > 0)
}

struct Keys {
    /// Keys whose value must be `null`.
    telling: [Finder<'static>; 3],
    /// Keys that ask for parsing by being there.
    deep: [Finder<'static>; 7],
    escape: Finder<'static>,
    object: Finder<'static>,
    index: Finder<'static>,
    reasoning_content: Finder<'static>,
    reasoning: Finder<'static>,
    /// Other keys whose value is text of the reply.
    text: [Finder<'static>; 4],
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    telling: ["\"usage\"", "\"error\"", "\"finish_reason\""].map(Finder::new),
    deep: [
        "\"name\"",
        "\"thinking_blocks\"",
        "\"reasoning_details\"",
        "\"audio\"",
        "\"annotations\"",
        "\"message\"",
        "\"executed_tools\"",
    ]
    .map(Finder::new),
    escape: Finder::new("\\u00"),
    object: Finder::new("\"object\""),
    index: Finder::new("\"index\""),
    reasoning_content: Finder::new("\"reasoning_content\""),
    reasoning: Finder::new("\"reasoning\""),
    text: ["\"content\"", "\"text\"", "\"refusal\"", "\"arguments\""].map(Finder::new),
});

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::Detail;

    fn check(data: &str, expected: Option<u32>) {
        assert_eq!(plain_text(format!("data: {data}\n\n").as_bytes()), expected, "{data}");
    }

    #[test]
    fn text_is_measured_without_parsing() {
        check(r#"{"choices":[{"index":0,"delta":{"content":"a\n\"é"},"finish_reason":null}],"usage":null}"#, Some(5));
        check(r#"{"choices":[{"index" : 0 ,"delta":{"content":"a"},"finish_reason" : null}]}"#, Some(1));
        check(r#"{"choices":[{"delta":{"reasoning":"ab","reasoning_content":"ab","content":null}}]}"#, Some(2));
        check(r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]}"#, Some(1));
        check(r#"{"choices":[{"delta":{"content":"say \"usage\": 3"}}]}"#, Some(14));
    }

    #[test]
    fn whatever_may_tell_more_is_parsed() {
        check(r#"{"choices":[{"delta":{"content":""}}]}"#, None);
        check(r#"{"choices":[{"delta":{"content":"a"},"finish_reason" :"stop"}]}"#, None);
        check(r#"{"choices":[{"delta":{"content":"a"}}],"usage" : {"prompt_tokens":1}}"#, None);
        check(r#"{"choices":[{"delta":{"content":"a"}}],"\u0075sage":{"prompt_tokens":1}}"#, None);
        check(r#"{"choices":[{"index":1,"delta":{"content":"a"}}]}"#, None);
        check(r#"{"choices":[{"delta":{"content":"a"}}],"error":{"message":"x"}}"#, None);
        check(r#"{"object" : "error","content":"a"}"#, None);
        assert_eq!(plain_text(b"data: {\"choices\":[\ndata: {\"delta\":{\"content\":\"a\"}}]}\n\n"), None);
        assert_eq!(plain_text(b"data: {\"choices\":[{\"delta\":{\"content\":\"a\n\n"), None);
    }

    #[test]
    fn an_answer_that_never_finished_is_not_complete() {
        for detail in [Detail::Full, Detail::MeterOnly] {
            let mut reader = super::super::reader(detail);
            for chunk in [
                r#"{"id":"x","choices":[]}"#,
                r#"{"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
            ] {
                assert!(reader.push(format!("data: {chunk}\n\n").as_bytes()).is_ok(), "{chunk}");
            }
            assert_eq!(reader.finish(), [], "{detail:?}");
        }
    }
}
