//! Validates JSON text and steps over its values, in linear time and without recursion.

use super::MAX_DEPTH;
use crate::ReadError;
use baton_model::ShortWords;
use memchr::memchr2;
use simdutf8::compat::from_utf8;
use std::ops::Range;

/// The byte order mark that some clients on Windows put before their JSON.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A place in a text that is known to be UTF-8.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Of the keys and strings that it has stepped over.
    words: ShortWords,
}

impl<'a> Lexer<'a> {
    /// Starts at the first value of a text: after a byte order mark and whitespace.
    ///
    /// # Errors
    /// If the bytes are not UTF-8.
    pub fn new(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let text = from_utf8(bytes)
            .map_err(|error| ReadError::new("", format!("the body is not UTF-8 at byte {}", error.valid_up_to())))?;
        let at = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        let mut lexer = Self { text, at, words: ShortWords::default() };
        lexer.whitespace();
        Ok(lexer)
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The words of the keys and strings that it has stepped over since this was last asked.
    pub fn take_words(&mut self) -> ShortWords {
        std::mem::take(&mut self.words)
    }

    /// Where it stands, in bytes.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next byte; `None` at the end.
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over whitespace.
    pub fn whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Steps over that byte, if it is the next.
    pub fn accept(&mut self, byte: u8) -> bool {
        let accepted = self.peek() == Some(byte);
        self.at += usize::from(accepted);
        accepted
    }

    /// Steps over that byte.
    ///
    /// # Errors
    /// If another is the next.
    pub fn expect(&mut self, byte: u8) -> Result<(), ReadError> {
        if self.accept(byte) { Ok(()) } else { Err(self.error(format_args!("`{}`", char::from(byte)))) }
    }

    /// Nothing but whitespace may follow.
    ///
    /// # Errors
    /// If something does.
    pub fn end(&mut self) -> Result<(), ReadError> {
        self.whitespace();
        if self.at == self.text.len() { Ok(()) } else { Err(self.error(format_args!("the end"))) }
    }

    /// Steps over one value of any kind. Returns where it stands.
    ///
    /// # Errors
    /// If it is not JSON, or nested deeper than [`MAX_DEPTH`].
    pub fn value(&mut self) -> Result<Range<usize>, ReadError> {
        let start = self.at;
        // One bit a level, set for objects: `MAX_DEPTH` levels just fit, so a deep text needs neither recursion nor
        // memory.
        let (mut objects, mut depth) = (0_u128, 0);
        loop {
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    self.open(&mut depth)?;
                    objects = objects << 1 | u128::from(open == b'{');
                    self.whitespace();
                    if !self.accept(closing(objects)) {
                        if open == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                    (objects, depth) = (objects >> 1, depth - 1);
                }
                _ => self.scalar()?,
            }
            // A value is complete: close what ends with it, or go on to its neighbour.
            loop {
                if depth == 0 {
                    return Ok(start..self.at);
                }
                self.whitespace();
                if self.accept(b',') {
                    self.whitespace();
                    if objects & 1 == 1 {
                        self.key()?;
                    }
                    break;
                }
                self.expect(closing(objects))?;
                (objects, depth) = (objects >> 1, depth - 1);
            }
        }
    }

    /// Steps over an opening bracket, one level deeper.
    ///
    /// # Errors
    /// If that is deeper than [`MAX_DEPTH`].
    pub fn open(&mut self, depth: &mut usize) -> Result<(), ReadError> {
        if *depth == MAX_DEPTH {
            return Err(ReadError::new(
                "",
                format!("the body is nested deeper than {MAX_DEPTH} levels at byte {}", self.at),
            ));
        }
        *depth += 1;
        self.at += 1;
        Ok(())
    }

    /// Steps over a key, its colon and the whitespace around, up to the value. Returns where the key's string stands.
    ///
    /// # Errors
    /// If there is none.
    pub fn key(&mut self) -> Result<Range<usize>, ReadError> {
        if self.peek() != Some(b'"') {
            return Err(self.error(format_args!("a key")));
        }
        let start = self.at;
        self.string()?;
        let key = start..self.at;
        self.whitespace();
        self.expect(b':')?;
        self.whitespace();
        Ok(key)
    }

    /// Steps over a string, number, `true`, `false` or `null`.
    ///
    /// # Errors
    /// If there is none.
    pub fn scalar(&mut self) -> Result<(), ReadError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.expect_word("true"),
            Some(b'f') => self.expect_word("false"),
            Some(b'n') => self.expect_word("null"),
            _ => Err(self.error(format_args!("a value"))),
        }
    }

    fn string(&mut self) -> Result<(), ReadError> {
        self.at += 1;
        let start = self.at;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            // Two passes that memchr and the compiler make fast, instead of one that looks at each byte.
            let plain = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
            let run = rest.get(..plain).unwrap_or_default();
            if has_control(run) {
                self.at += run.iter().position(|byte| *byte < 0x20).unwrap_or(0);
                return Err(self.error(format_args!("no control character in a string")));
            }
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.words.note(self.text.as_bytes().get(start..self.at).unwrap_or_default());
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => self.escape()?,
                None => return Err(self.error(format_args!("the end of a string"))),
            }
        }
    }

    fn escape(&mut self) -> Result<(), ReadError> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = match rest {
            [_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [_, b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => 6,
            _ => return Err(self.error(format_args!("a valid escape"))),
        };
        self.at += length;
        Ok(())
    }

    fn number(&mut self) -> Result<(), ReadError> {
        self.accept(b'-');
        // A zero in front stands alone: JSON has no `01`.
        if !self.accept(b'0') {
            self.digits()?;
        }
        if self.accept(b'.') {
            self.digits()?;
        }
        if self.accept(b'e') || self.accept(b'E') {
            let _sign = self.accept(b'+') || self.accept(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), ReadError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.error(format_args!("a digit"))) } else { Ok(()) }
    }

    fn expect_word(&mut self, word: &str) -> Result<(), ReadError> {
        if self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.error(format_args!("a value")))
        }
    }

    fn error(&self, expected: std::fmt::Arguments<'_>) -> ReadError {
        let place = if self.at >= self.text.len() { "the text ends".to_owned() } else { format!("byte {}", self.at) };
        ReadError::new(
            "",
            format!("the body is not valid JSON: expected {expected} where {place}").replace("where byte", "at byte"),
        )
    }
}

/// Whether a byte is one that JSON has escaped.
fn has_control(run: &[u8]) -> bool {
    // To the end whatever it finds: only such a loop is compiled to instructions that look at many bytes at once.
    run.iter().copied().fold(u8::MAX, u8::min) < 0x20
}

fn closing(objects: u128) -> u8 {
    if objects & 1 == 1 { b'}' } else { b']' }
}

/// The text of a JSON string, quotes included, without its escapes. Half a surrogate pair becomes U+FFFD: it can't be
/// said in UTF-8, and one broken character should not cost the whole text.
pub fn unescape(quoted: &str) -> std::borrow::Cow<'_, str> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let Some(first) = memchr::memchr(b'\\', inner.as_bytes()) else {
        return inner.into();
    };
    let (plain, mut rest) = inner.split_at(first);
    let mut text = String::with_capacity(inner.len());
    text.push_str(plain);
    while let Some(escaped) = rest.strip_prefix('\\') {
        let (character, length) = unescape_one(escaped);
        text.push(character);
        let after = escaped.get(length..).unwrap_or_default();
        let next = memchr::memchr(b'\\', after.as_bytes()).unwrap_or(after.len());
        let (plain, following) = after.split_at(next);
        text.push_str(plain);
        rest = following;
    }
    text.into()
}

/// The character that an escape means, and the escape's length without the backslash.
fn unescape_one(escaped: &str) -> (char, usize) {
    match escaped.as_bytes().first() {
        Some(b'b') => ('\u{8}', 1),
        Some(b'f') => ('\u{c}', 1),
        Some(b'n') => ('\n', 1),
        Some(b'r') => ('\r', 1),
        Some(b't') => ('\t', 1),
        Some(b'u') => {
            let unit = |at| escaped.get(at..at + 4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
            let first = unit(1).unwrap_or(0xfffd);
            let second = if escaped.get(5..7) == Some("\\u") { unit(7) } else { None };
            match (char::from_u32(u32::from(first)), second) {
                (Some(character), _) => (character, 5),
                (None, Some(second)) => match char::decode_utf16([first, second]).next() {
                    Some(Ok(character)) => (character, 11),
                    _ => (char::REPLACEMENT_CHARACTER, 5),
                },
                (None, None) => (char::REPLACEMENT_CHARACTER, 5),
            }
        }
        // The lexer lets only `"`, `\` and `/` get here, which mean themselves.
        Some(byte) => (char::from(*byte), 1),
        None => (char::REPLACEMENT_CHARACTER, 0),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accepts(text: &[u8]) -> bool {
        Lexer::new(text).and_then(|mut lexer| lexer.value().and_then(|_| lexer.end())).is_ok()
    }

    #[test]
    fn accepts_what_is_json_and_nothing_else() {
        for good in ["{}", " [1, -0.5e+3,\"a\\u00e9\\n\", {\"a\":[]}, true,false , null]\r\n", "\u{feff}{\"a\":1}", "0"]
        {
            assert!(accepts(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "{",
            "{\"a\"}",
            "{a:1}",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            "\"\n\"",
            "\"\\x\"",
            "[1 2]",
            "tru",
            "1 1",
            "[}",
            "\"\\u12g4\"",
        ] {
            assert!(!accepts(bad.as_bytes()), "{bad}");
        }
        assert!(!accepts(b"\"\xff\""));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(accepts(nested(MAX_DEPTH).as_bytes()));
        assert!(!accepts(nested(MAX_DEPTH + 1).as_bytes()));
        // With recursion this would overflow the stack.
        assert!(!accepts("[".repeat(1_000_000).as_bytes()));
    }

    #[test]
    fn escapes_mean_what_they_say() {
        assert_eq!(unescape(r#""a\n\u00e9\ud83d\ude00\/\\""#), "a\né😀/\\");
        assert_eq!(unescape(r#""\ud83d x""#), "\u{fffd} x");
        assert_eq!(unescape(r#""\ud83d\u0041""#), "\u{fffd}A");
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}",:0-9a-z\\ .eE+-]{0,24}"#) {
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(accepts(text.as_bytes()), theirs);
        }

        #[test]
        fn strings_round_trip(text: String) {
            let quoted = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescape(&quoted), text);
        }

        #[test]
        fn survives_anything(bytes: Vec<u8>) {
            accepts(&bytes);
        }
    }
}
