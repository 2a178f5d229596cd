//! Streams looked over: what the readers of [`Detail::MeterOnly`](baton_model::Detail::MeterOnly) share.
//!
//! Most frames hold a few words and nothing else, which a search for a handful of keys shows. A frame that could hold
//! more is parsed in full, and its content [reduced](reduce).

use crate::json::lexer::unescape;
use baton_model::ReplyEvent;
use memchr::memmem::Finder;
use memchr::{memchr2, memrchr};

/// The same events with all content in one that tells only its size.
pub(crate) fn reduce(events: Vec<ReplyEvent>) -> Vec<ReplyEvent> {
    let is_content = |event: &ReplyEvent| event.is_content() && !matches!(event, ReplyEvent::Finished { .. });
    let size: usize = events.iter().filter(|event| is_content(event)).map(ReplyEvent::text_bytes).sum();
    let opaque = ReplyEvent::Opaque { text_bytes: u32::try_from(size).unwrap_or(u32::MAX) };
    let has_content = events.iter().any(is_content);
    let is_fact = |event: &ReplyEvent| {
        let kept = matches!(
            event,
            ReplyEvent::Started(_)
                | ReplyEvent::Finished { .. }
                | ReplyEvent::Usage(_)
                | ReplyEvent::Failed(_)
                | ReplyEvent::Ended
        );
        kept && !is_content(event)
    };
    let (names, facts): (Vec<_>, Vec<_>) =
        events.into_iter().filter(is_fact).partition(|event| matches!(event, ReplyEvent::Started(_)));
    // Content in front of facts: whoever reads the events stops at an end or a failure.
    names.into_iter().chain(has_content.then_some(opaque)).chain(facts).collect()
}

/// The data of a frame that is one `data:` line and nothing else, and whole.
pub(crate) fn single_data_line(frame: &[u8]) -> Option<&[u8]> {
    let rest = frame.strip_prefix(b"data:")?;
    let (line, after) = rest.split_at(memchr2(b'\n', b'\r', rest).unwrap_or(rest.len()));
    let data = line.trim_ascii();
    (after.trim_ascii().is_empty() && data.starts_with(b"{") && data.ends_with(b"}")).then_some(data)
}

/// A string in a JSON text.
pub(crate) struct JsonString<'d> {
    /// Between its quotes, as it stands there.
    pub(crate) inner: &'d [u8],
    /// What follows it, if it is a key.
    pub(crate) value: Option<&'d [u8]>,
}

/// The strings of a JSON text, in one pass; `None` for one that has no end.
pub(crate) fn strings(data: &[u8]) -> impl Iterator<Item = Option<JsonString<'_>>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        // Between two strings are a few bytes: a call of `memchr` costs more than to look at them.
        let from = rest.iter().position(|byte| *byte == b'"')? + 1;
        let string = rest.get(from..)?;
        let Some(length) = string_end(string) else {
            rest = &[];
            return Some(None);
        };
        let (inner, after) = string.split_at(length);
        rest = after.get(1..).unwrap_or_default();
        let value = rest.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
        Some(Some(JsonString { inner, value }))
    })
}

/// Where the string ends whose first byte this begins with.
fn string_end(string: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = string.get(at..)?;
        let next = quote_or_backslash(rest)?;
        if rest.get(next) == Some(&b'"') {
            return Some(at + next);
        }
        // Over the backslash and the character behind it, which may be a quote.
        at += next + 2;
    }
}

/// What `memchr2` finds. Most strings of a frame are keys and words, shorter than a call of it is long.
fn quote_or_backslash(string: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let (words, rest) = string.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The high bit of each byte that is 0, and perhaps of some above the first: so the lowest is exact.
        let zeros = |word: u64| word.wrapping_sub(ONES) & !word & (ONES << 7);
        let found = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return Some(8 * number + found.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    Some(string.len() - rest.len() + at)
}

/// What follows each occurrence of a key. Inside a string its quotes would be escaped, so it is a key wherever a colon
/// follows.
pub(crate) fn find_values<'d>(data: &'d [u8], key: &Finder<'_>) -> impl Iterator<Item = &'d [u8]> {
    let length = key.needle().len();
    key.find_iter(data).filter_map(move |at| {
        let after = data.get(at + length..)?.trim_ascii_start();
        Some(after.strip_prefix(b":")?.trim_ascii_start())
    })
}

/// The length of a string without its escapes; 0 of any other value, `None` if it has no end.
pub(crate) fn text_length(value: &[u8]) -> Option<usize> {
    let inner = match value.strip_prefix(b"\"") {
        Some(inner) => inner,
        None => return Some(0),
    };
    let end = string_end(inner)?;
    let text = inner.get(..end)?;
    if memrchr(b'\\', text).is_none() {
        return Some(text.len());
    }
    let quoted = std::str::from_utf8(value.get(..end + 2)?).ok()?;
    Some(unescape(quoted).len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use memchr::memchr2;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_found_is_what_memchr_finds(string in prop::collection::vec(prop::sample::select(b"\"\\#]!\x01\x80\xa2\xdca".to_vec()), 0..40)) {
            prop_assert_eq!(quote_or_backslash(&string), memchr2(b'"', b'\\', &string));
        }

        #[test]
        fn strings_are_told_from_what_is_between_them(words in prop::collection::vec("[a-z:,é\"\\\\]{0,20}", 0..6)) {
            let text = serde_json::to_string(&words).unwrap_or_default();
            let found: Vec<_> = strings(text.as_bytes())
                .map(|string| string.map(|string| [b"\"", string.inner, b"\""].concat()))
                .map(|string| string.and_then(|string| serde_json::from_slice::<String>(&string).ok()))
                .collect();
            prop_assert_eq!(found, words.into_iter().map(Some).collect::<Vec<_>>());
        }
    }
}
