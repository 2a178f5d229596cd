//! Places in a text that are read in passing and replaced, every other byte kept.

use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use std::ops::Range;

/// Where a value stands in the text that it was borrowed from; `None` if it was not.
pub fn of(value: &RawValue, text: &[u8]) -> Option<Range<usize>> {
    // Compared as addresses: the borrowed value is a part of the text, or it is not from it at all.
    let start = (value.get().as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let end = start.checked_add(value.get().len())?;
    (text.get(start..end)? == value.get().as_bytes()).then_some(start..end)
}

/// The text with these places replaced; they are in order and don't overlap.
pub fn replace(text: &Bytes, places: &[(Range<usize>, String)]) -> Bytes {
    if places.is_empty() {
        return text.clone();
    }
    let mut out = BytesMut::with_capacity(text.len() + 64);
    let mut from = 0;
    for (place, new) in places {
        out.extend_from_slice(text.get(from..place.start).unwrap_or_default());
        out.extend_from_slice(new.as_bytes());
        from = place.end;
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    out.freeze()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_the_place_changes() {
        #[derive(serde::Deserialize)]
        struct Named<'a> {
            #[serde(borrow)]
            model: &'a RawValue,
        }
        let text = Bytes::from_static(br#"{ "x": 1.50,  "\u006dodel" : "a\"b" , "y":[]}"#);
        let named: Named<'_> = serde_json::from_slice(&text).unwrap();
        let place = of(named.model, &text).unwrap();
        let replaced = replace(&text, &[(place, "\"m\"".into())]);
        assert_eq!(&replaced[..], br#"{ "x": 1.50,  "\u006dodel" : "m" , "y":[]}"#);
        assert_eq!(replace(&text, &[]), text);
    }
}
