//! Scanning and editing a body: no panic, and an edit changes what it names and nothing else.
#![no_main]

use baton_dialect::framing::splice::{Editor, scan};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

/// Whether the other reader refuses it for what the grammar allows: depth, size of numbers, half a surrogate pair.
fn is_too_strict(error: &serde_json::Error) -> bool {
    let problem = error.to_string();
    ["recursion limit", "number out of range", "surrogate", "hex escape"].iter().any(|known| problem.contains(known))
}

fuzz_target!(|data: &[u8]| {
    let Ok(body) = scan(Bytes::copy_from_slice(data)) else { return };
    let plain = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    let before: Map<String, Value> = match serde_json::from_slice(plain) {
        Ok(map) => map,
        Err(error) => return assert!(is_too_strict(&error), "the scan accepts what is not JSON: {error}"),
    };
    assert_eq!(Editor::new(&body).finish(), body.bytes);
    let mut editor = Editor::new(&body);
    editor.set("model", "\"other\"");
    let edited = editor.finish();
    let edited: Map<String, Value> = serde_json::from_slice(edited.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&edited))
        .expect("an edited body is JSON");
    let mut expected = before;
    expected.insert("model".into(), "other".into());
    assert_eq!(edited, expected);
});
