//! The stream looked over: content is seen but not taken apart.
//!
//! Most frames hold a few words and nothing else. Looking at the keys in one pass finds those; any frame that
//! could hold more (usage, an error, a finish, another choice), or is unusual in form, is parsed like in full.

use super::full_reader::OpenAiFullReader;
use crate::meter_only::{JsonString, reduce, single_data_line, strings, text_length};
use crate::{ReadError, StreamReader};
use baton_model::ReplyEvent;

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
    let (mut text, mut reasoning, mut reasoning_content) = (0, 0, 0);
    for string in strings(single_data_line(frame)?) {
        let JsonString { inner, value } = string?;
        // The lengths come first, because they tell most words apart without comparing them.
        match (inner.len(), inner, value) {
            // Words that ask for parsing by being there; `name` begins a tool call.
            (4, b"name", _)
            | (5, b"audio", _)
            | (7, b"message", _)
            | (11, b"annotations", _)
            | (14, b"executed_tools", _)
            | (15, b"thinking_blocks", _)
            | (17, b"reasoning_details", _) => return None,
            (_, _, None) => {}
            (5, b"usage" | b"error", Some(value)) | (13, b"finish_reason", Some(value)) => {
                value.strip_prefix(b"null")?;
            }
            (5, b"index", Some(value)) => {
                matches!(value, [b'0', b',' | b'}' | b' ', ..]).then_some(())?;
            }
            // vLLM's older way to say an error, with escapes or without.
            (6, b"object", Some([b'"', b'\\', ..])) => return None,
            (6, b"object", Some(value)) if value.starts_with(b"\"error\"") => return None,
            (17, b"reasoning_content", Some(value)) => reasoning_content += text_length(value)?,
            (9, b"reasoning", Some(value)) => reasoning += text_length(value)?,
            (4, b"text", Some(value)) | (7, b"content" | b"refusal", Some(value)) | (9, b"arguments", Some(value)) => {
                text += text_length(value)?;
            }
            // Escapes could spell any of them.
            (_, key, Some(_)) if key.contains(&b'\\') => return None,
            _ => {}
        }
    }
    // Some services send the same text under both names; it counts once.
    let total = text + if reasoning_content > 0 { reasoning_content } else { reasoning };
    // Nothing found: the content stands under a key that is not known here, or there is none.
    u32::try_from(total).ok().filter(|total| *total > 0)
}

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
        check(r#"{"choices":[{"delta":{"content":"a\u0062"}}]}"#, Some(2));
        check(
            r#"{"choices":[{"delta":{"content":"a long text of which the end is not near \"\\\", but comes"}}]}"#,
            Some(55),
        );
    }

    #[test]
    fn every_word_is_known() {
        for name in ["content", "text", "refusal", "arguments", "reasoning", "reasoning_content"] {
            check(&format!(r#"{{"choices":[{{"delta":{{"{name}":"abc"}}}}]}}"#), Some(3));
        }
        for name in ["usage", "error", "finish_reason", "index"] {
            check(&format!(r#"{{"choices":[{{"delta":{{"content":"abc"}},"{name}":1}}]}}"#), None);
        }
        for name in
            ["name", "audio", "message", "annotations", "executed_tools", "thinking_blocks", "reasoning_details"]
        {
            check(&format!(r#"{{"choices":[{{"delta":{{"content":"abc","{name}":null}}}}]}}"#), None);
        }
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
        check(r#"{"object" : "\u0065rror","content":"a"}"#, None);
        check(r#"{"choices":[{"delta":{"content":[{"type":"audio","text":"a"}]}}]}"#, None);
        check(r#"{"choices":[{"delta":{"content":"a","b}]}"#, None);
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
