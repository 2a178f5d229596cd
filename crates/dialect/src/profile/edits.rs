//! Places of a text to be replaced, gathered while its tree is read.

use crate::json::{JsonValue, Node};
use std::ops::Range;

/// What is to be replaced, by place. No two overlap.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    pub(super) fn replace(&mut self, place: Range<usize>, text: String) {
        self.0.push((place, text));
    }

    /// Takes members out of an object, with their commas.
    pub(super) fn remove_members(&mut self, object: &Node<'_>, goes: impl Fn(&str) -> bool) {
        let JsonValue::Object(members) = object.value() else { return };
        // A comma belongs to the member behind it, unless nothing stays in front of that.
        let (mut before, mut kept) = (object.span().start + 1, false);
        for (name, value) in members {
            let end = value.span().end;
            if !goes(name) {
                kept = true;
            } else if kept {
                self.replace(before..end, String::new());
            } else {
                let text = object.text().get(end - object.span().start..).unwrap_or_default();
                let comma = text.find(',').filter(|comma| text[..*comma].trim().is_empty());
                let end = comma.map_or(end, |comma| end + comma + 1);
                self.replace(before..end, String::new());
                before = end;
                continue;
            }
            before = end;
        }
    }

    /// The text with everything replaced; `None` if there is nothing.
    pub(super) fn apply(mut self, text: &str) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        // They were gathered by what they mean, which is not their order in the text.
        self.0.sort_by_key(|(place, _)| place.start);
        let (mut out, mut from) = (String::with_capacity(text.len()), 0);
        for (place, new) in self.0 {
            out.push_str(text.get(from..place.start).unwrap_or_default());
            out.push_str(&new);
            from = place.end;
        }
        out.push_str(text.get(from..).unwrap_or_default());
        Some(out)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn members_go_with_their_commas() {
        for (text, left) in [
            (r#"{"a":1, "x":2, "b":3}"#, Some(r#"{"a":1, "b":3}"#)),
            (r#"{"x":1, "y":2, "b":3}"#, Some(r#"{ "b":3}"#)),
            (r#"{"x":"," , "b":3, "y":[1]}"#, Some(r#"{ "b":3}"#)),
            (r#"{"x":1, "y":2}"#, Some("{}")),
            (r#"{"a":1}"#, None),
        ] {
            let mut edits = Edits::default();
            edits.remove_members(&Node::parse(text.as_bytes()).unwrap(), |name| ["x", "y"].contains(&name));
            assert_eq!(edits.apply(text).as_deref(), left, "{text}");
        }
    }
}
