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
}

impl Body {
    /// The value's text of a top-level field.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        self.bytes.get(field.value.clone())
    }
}
