//! Names that fit, made of names that don't, and the way back.

use super::rules::TextRule;
use crate::json::quoted;
use baton_model::entity::Alphabet;
use baton_model::fault::UpstreamError;
use bytes::Bytes;
use memchr::memmem;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How many digits of a hash tell two names apart that begin alike.
const MARK: usize = 8;

/// A tool's name as the rule allows it: its beginning, and a hash of all of it. `None` if it may go as it is. The same
/// name always becomes the same, so that a conversation finds the provider's prompt cache.
pub(super) fn shorten_name(rule: &TextRule, name: &str) -> Option<String> {
    if name.is_empty() || rule.allows(name) {
        return None;
    }
    let fill = if rule.alphabet == Alphabet::Alphanumeric { 'x' } else { '_' };
    let most = rule.length.unwrap_or(usize::MAX);
    let begin = name.chars().map(|c| if rule.alphabet.has(c) { c } else { fill });
    let mut short: String = begin.take(most.saturating_sub(MARK + 1)).collect();
    short.push(fill);
    short.push_str(&hash(name, MARK));
    // A limit that is shorter than the mark cuts that as well.
    Some(short.chars().take(most).collect())
}

/// A call's id as the rule allows it; `None` if it may go as it is. Nothing is read out of it, so it is a hash alone,
/// and the result of the call gets the same.
pub(super) fn shorten_id(rule: &TextRule, id: &str) -> Option<String> {
    if id.is_empty() || rule.allows(id) {
        return None;
    }
    let plain = if rule.alphabet == Alphabet::Alphanumeric { "" } else { "call_" };
    Some(format!("{plain}{}", hash(id, 32)).chars().take(rule.length.unwrap_or(usize::MAX)).collect())
}

/// The first digits of the text's hash.
pub(super) fn hash(text: &str, digits: usize) -> String {
    let mut hash = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing into a string can't fail.
        let _ = write!(hash, "{byte:02x}");
    }
    hash.truncate(digits);
    hash
}

/// Which names and ids were sent in place of the client's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolNames {
    /// Names as JSON strings: as sent, and as the client has it.
    renamed: BTreeMap<String, String>,
    /// Names and ids of calls: as sent, and as the client has it. A reply repeats no id of an earlier call, but an error
    /// may.
    replaced: BTreeMap<String, String>,
}

impl ToolNames {
    pub(super) fn insert(&mut self, sent: &str, given: &str) {
        self.renamed.insert(quoted(sent), quoted(given));
        self.insert_id(sent, given);
    }

    pub(super) fn insert_id(&mut self, sent: &str, given: &str) {
        self.replaced.insert(sent.to_owned(), given.to_owned());
    }

    /// The error with the client's names and ids, wherever they stand in its sentence.
    #[must_use]
    pub fn restore_error(&self, error: UpstreamError) -> UpstreamError {
        let restore = |text: String| self.restore_words(&text, str::to_owned).unwrap_or(text);
        UpstreamError { message: restore(error.message), param: error.param.map(restore), ..error }
    }

    /// The bytes of an error, which are JSON or hold it, with the client's names and ids.
    #[must_use]
    pub fn restore_error_body(&self, bytes: Bytes) -> Bytes {
        let inside = |given: &str| {
            let quoted = quoted(given);
            // One quote on each side: the last character may be an escaped one.
            quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
        };
        let restored = std::str::from_utf8(&bytes).ok().and_then(|text| self.restore_words(text, inside));
        restored.map_or(bytes, Bytes::from)
    }

    /// The text with every whole word that was sent replaced, written by `write`; `None` if there is none. With its hash
    /// a word means nothing else.
    fn restore_words(&self, text: &str, write: impl Fn(&str) -> String) -> Option<String> {
        let joins = |c: Option<char>| c.is_some_and(|c| Alphabet::Word.has(c));
        let mut restored: Option<String> = None;
        for (sent, given) in &self.replaced {
            let before = restored.as_deref().unwrap_or(text);
            let (mut out, mut from) = (String::new(), 0);
            for (at, _) in before.match_indices(sent.as_str()) {
                let (left, right) = before.split_at(at);
                if joins(left.chars().next_back()) || joins(right.chars().nth(sent.chars().count())) {
                    continue;
                }
                out.push_str(before.get(from..at).unwrap_or_default());
                out.push_str(&write(given));
                from = at + sent.len();
            }
            if from > 0 {
                out.push_str(before.get(from..).unwrap_or_default());
                restored = Some(out);
            }
        }
        restored
    }

    /// The frame or reply with the client's names. They are looked for as whole JSON strings, whatever the format: with
    /// its hash a name means nothing else.
    pub fn restore(&self, bytes: Bytes) -> Bytes {
        let mut restored = bytes;
        for (sent, given) in &self.renamed {
            let mut from = 0;
            let mut out: Vec<u8> = Vec::new();
            for at in memmem::find_iter(&restored, sent.as_bytes()) {
                // Behind a backslash the quote is a letter of a longer string.
                if restored.get(at.wrapping_sub(1)) == Some(&b'\\') {
                    continue;
                }
                out.extend_from_slice(restored.get(from..at).unwrap_or_default());
                out.extend_from_slice(given.as_bytes());
                from = at + sent.len();
            }
            if from > 0 {
                out.extend_from_slice(restored.get(from..).unwrap_or_default());
                restored = out.into();
            }
        }
        restored
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::fault::ErrorKind;

    const SIXTY_FOUR: TextRule = TextRule { length: Some(64), alphabet: Alphabet::Word };

    #[test]
    fn names_fit_and_stay_apart() {
        let long = "mcp__warehouse_inventory_reports__list_every_item_with_stock_below_threshold_v";
        let (one, two) =
            (shorten_name(&SIXTY_FOUR, &format!("{long}1")), shorten_name(&SIXTY_FOUR, &format!("{long}2")));
        assert_ne!(one, two);
        for name in [one, two, shorten_name(&SIXTY_FOUR, "files.read"), shorten_name(&SIXTY_FOUR, "天気")] {
            assert!(name.as_deref().is_some_and(|name| SIXTY_FOUR.allows(name)), "{name:?}");
        }
        assert_eq!(shorten_name(&SIXTY_FOUR, "files_read"), None);
        assert_ne!(shorten_name(&SIXTY_FOUR, "files.read"), shorten_name(&SIXTY_FOUR, "files/read"));
        let nine = TextRule { length: Some(9), alphabet: Alphabet::Alphanumeric };
        assert!(shorten_id(&nine, "call_1").is_some_and(|id| id.len() == 9 && nine.allows(&id)));
    }

    #[test]
    fn an_error_names_what_the_client_sent() {
        let mut names = ToolNames::default();
        names.insert("files_read_0a", "files.\"read\"");
        names.insert_id("call_0b", "id|1");
        let message = "tool 'files_read_0a' of call_0b: files_read_0ab, xcall_0b, `call_0b`.";
        let error = UpstreamError {
            kind: ErrorKind::InvalidRequest,
            message: message.into(),
            code: Some("files_read_0a".into()),
            param: Some("tools.files_read_0a".into()),
        };
        let restored = names.restore_error(error.clone());
        assert_eq!(restored.message, "tool 'files.\"read\"' of id|1: files_read_0ab, xcall_0b, `id|1`.");
        assert_eq!(
            (restored.code.as_deref(), restored.param.as_deref()),
            (Some("files_read_0a"), Some("tools.files.\"read\""))
        );
        assert_eq!(ToolNames::default().restore_error(error.clone()), error);
        let body = names.restore_error_body(Bytes::from_static(br#"{"error":{"message":"no files_read_0a"}}"#));
        assert_eq!(body, r#"{"error":{"message":"no files.\"read\""}}"#);
    }

    #[test]
    fn the_clients_names_come_back_in_whole_strings_alone() {
        let mut names = ToolNames::default();
        names.insert("files_read_0a", "files.\"read\"");
        let restored = names
            .restore(Bytes::from_static(br#"{"name":"files_read_0a","a":"files_read_0ab","b":"\"files_read_0a\""}"#));
        assert_eq!(restored, r#"{"name":"files.\"read\"","a":"files_read_0ab","b":"\"files_read_0a\""}"#);
        let same = Bytes::from_static(b"data: {}");
        assert_eq!(names.restore(same.clone()).as_ptr(), same.as_ptr());
    }
}
