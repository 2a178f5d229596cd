//! The bytes a client sent, with one scan over their top level.

use bytes::Bytes;
use std::ops::Range;

/// A JSON request body as it arrived, and where its top-level fields stand. Made by `baton_dialect::framing::splice`.
///
/// Forwarding it with a few fields changed keeps everything else byte for byte: unknown fields, the spelling of
/// numbers, whitespace. Providers' prompt caches key on exact bytes.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// The bytes as they arrived.
    pub bytes: Bytes,
    /// The top-level fields, in order; a key stands here once (a duplicate is refused by the scan).
    pub fields: Vec<BodyField>,
}

/// One top-level field of a [`Body`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyField {
    /// The key, unescaped.
    pub name: String,
    /// Where the key's string stands, quotes included.
    pub key: Range<usize>,
    /// Where the value stands, without the whitespace around it.
    pub value: Range<usize>,
    /// What its keys and short words hint at.
    pub words: ShortWords,
}

/// Which words occur among the keys and short strings of a text, noted while it is scanned: whoever would have to parse all of
/// it to find one of these first looks here whether there can be any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShortWords {
    /// `tool`, `function`, `call_id`.
    pub tools: bool,
    /// `url`, `file`, `image`.
    pub media: bool,
    /// `reasoning`, `thinking`.
    pub reasoning: bool,
}

impl ShortWords {
    /// The longest string that is looked into. What has a meaning of its own in a format is shorter.
    pub const LONGEST: usize = 64;

    /// All of them: of a text that nobody has looked into.
    pub const ALL: Self = Self { tools: true, media: true, reasoning: true };

    /// Notes the words of a key or string. Of longer ones it notes nothing.
    pub fn note(&mut self, string: &[u8]) {
        if string.len() > Self::LONGEST {
            return;
        }
        for (place, first) in string.iter().enumerate() {
            // By the first letter: this is done for every key of a request.
            let rest = || string.get(place..).unwrap_or_default();
            match first {
                b't' => {
                    self.tools |= rest().starts_with(b"tool");
                    self.reasoning |= rest().starts_with(b"thinking");
                }
                b'f' => {
                    self.tools |= rest().starts_with(b"function");
                    self.media |= rest().starts_with(b"file");
                }
                b'c' => self.tools |= rest().starts_with(b"call_id"),
                b'u' => self.media |= rest().starts_with(b"url"),
                b'i' => self.media |= rest().starts_with(b"image"),
                // Written so, any letter may be in it.
                b'\\' if rest().starts_with(br"\u") => *self = Self::ALL,
                b'r' => self.reasoning |= rest().starts_with(b"reasoning"),
                _ => {}
            }
        }
    }
}

impl Body {
    /// The value's text of a top-level field.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        self.bytes.get(field.value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::ShortWords;

    #[test]
    fn words_are_found_in_short_strings_alone() {
        let words = |string: &str| {
            let mut words = ShortWords::default();
            words.note(string.as_bytes());
            (words.tools, words.media, words.reasoning)
        };
        for string in ["tool_calls", "custom_tool_call", "function", "call_id", "server_tool_use"] {
            assert_eq!(words(string), (true, false, false), "{string}");
        }
        for string in ["image_url", "input_image", "url", "file_id", "image/jpg"] {
            assert_eq!(words(string), (false, true, false), "{string}");
        }
        for string in ["reasoning_content", "thinking_blocks", "redacted_thinking"] {
            assert_eq!(words(string), (false, false, true), "{string}");
        }
        for string in [r"\u0075rl", r"\u0074ool_calls"] {
            assert_eq!(words(string), (true, true, true), "{string}");
        }
        for string in ["content", "role", "t", "too", "", &"tool".repeat(17)] {
            assert_eq!(words(string), (false, false, false), "{string}");
        }
    }
}
