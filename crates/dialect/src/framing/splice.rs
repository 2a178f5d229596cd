//! One scan over a body's top level, and edits that keep every other byte.

use crate::ReadError;
use crate::json::lexer::{Lexer, unescape};
use crate::json::quoted;
use baton_model::{Body, BodyField, ShortWords};
use bytes::Bytes;
use std::collections::HashSet;

/// Scans a JSON object: where each top-level field stands. Validates the whole text as JSON on the way, in linear
/// time and bounded depth.
///
/// # Errors
/// If it is not valid UTF-8 JSON, not an object, has a key twice, or is nested deeper than 128.
pub fn scan(bytes: Bytes) -> Result<Body, ReadError> {
    let fields = fields(&bytes)?;
    let mut names = HashSet::with_capacity(fields.len());
    // Parsers differ in which of two equal keys wins: Baton could price one model and the provider serve another.
    if let Some(twice) = fields.iter().find(|field| !names.insert(field.name.as_str())) {
        return Err(ReadError::new(twice.name.clone(), "given twice"));
    }
    Ok(Body { bytes, fields })
}

/// The fields of an object, in order; a name may be there twice.
///
/// # Errors
/// If it is not valid UTF-8 JSON, not an object, or nested deeper than 128.
pub(crate) fn fields(bytes: &[u8]) -> Result<Vec<BodyField>, ReadError> {
    let mut lexer = Lexer::new(bytes)?;
    if lexer.peek() != Some(b'{') {
        // Text that is no JSON at all gets the error that says so.
        lexer.value().and_then(|_| lexer.end())?;
        return Err(ReadError::new("", "the body must be a JSON object"));
    }
    let (mut fields, mut depth) = (Vec::new(), 0);
    lexer.open(&mut depth)?;
    lexer.whitespace();
    if !lexer.accept(b'}') {
        loop {
            let key = lexer.key()?;
            let name = unescape(lexer.text().get(key.clone()).unwrap_or_default()).into_owned();
            let value = lexer.value()?;
            fields.push(BodyField { name, key, value, words: lexer.take_words() });
            lexer.whitespace();
            if !lexer.accept(b',') {
                break;
            }
            lexer.whitespace();
        }
        lexer.expect(b'}')?;
    }
    lexer.end()?;
    Ok(fields)
}

/// Changes a few fields of a [`Body`]; everything else stays byte for byte. New fields go to the end, in the style of
/// those before them.
#[derive(Debug)]
pub struct Editor<'b> {
    bytes: &'b Bytes,
    /// The same as text.
    text: &'b str,
    fields: &'b [BodyField],
    /// What becomes of each field, in the same order.
    changes: Vec<Change>,
    /// New fields: name and JSON text.
    added: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
enum Change {
    Keep,
    Replace(String),
    Remove,
}

impl<'b> Editor<'b> {
    /// An editor that has changed nothing yet.
    pub fn new(body: &'b Body) -> Self {
        Self::over(&body.bytes, &body.fields)
    }

    fn over(bytes: &'b Bytes, fields: &'b [BodyField]) -> Self {
        // The scan has refused everything else.
        let text = simdutf8::basic::from_utf8(bytes).unwrap_or_default();
        Self { bytes, text, fields, changes: vec![Change::Keep; fields.len()], added: Vec::new() }
    }

    /// The JSON text of a field as it is now.
    pub fn get(&self, name: &str) -> Option<&str> {
        if let Some((_, json)) = self.added.iter().find(|(added, _)| added == name) {
            return Some(json);
        }
        let place = self.place(name)?;
        match self.changes.get(place)? {
            Change::Keep => self.text.get(self.fields.get(place)?.value.clone()),
            Change::Replace(json) => Some(json),
            Change::Remove => None,
        }
    }

    /// The words among the keys and short strings of a field; [all](ShortWords::ALL) of one that was changed.
    pub fn words(&self, name: &str) -> ShortWords {
        let kept = self.place(name).filter(|place| matches!(self.changes.get(*place), Some(Change::Keep)));
        kept.and_then(|place| self.fields.get(place)).map_or(ShortWords::ALL, |field| field.words)
    }

    /// Whether the field is there and not `null`.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|json| json != "null")
    }

    /// Gives a field that value (JSON text): in its place if it is there, else at the end.
    pub fn set(&mut self, name: &str, json: impl Into<String>) {
        let json = json.into();
        match self.place(name).and_then(|place| self.changes.get_mut(place)) {
            Some(change) => *change = Change::Replace(json),
            None => match self.added.iter_mut().find(|(added, _)| added == name) {
                Some((_, before)) => *before = json,
                None => self.added.push((name.to_owned(), json)),
            },
        }
    }

    /// Takes a field out, with its comma. Whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let was_there = self.get(name).is_some();
        self.added.retain(|(added, _)| added != name);
        if let Some(change) = self.place(name).and_then(|place| self.changes.get_mut(place)) {
            *change = Change::Remove;
        }
        was_there
    }

    /// Gives a field of a nested object that value: `stream_options.include_usage`. An absent or `null` object is made.
    ///
    /// # Errors
    /// If the outer field is no object.
    pub fn set_nested(&mut self, outer: &str, inner: &str, json: impl Into<String>) -> Result<(), ReadError> {
        let object = Bytes::from(self.get(outer).filter(|json| *json != "null").unwrap_or("{}").to_owned());
        let fields = fields(&object).map_err(|_| ReadError::new(outer, "must be an object"))?;
        let mut editor = Editor::over(&object, &fields);
        editor.set(inner, json);
        let edited = String::from_utf8_lossy(&editor.finish()).into_owned();
        self.set(outer, edited);
        Ok(())
    }

    /// Takes a field out of a nested object. Whether it was there.
    ///
    /// # Errors
    /// If the outer field is no object.
    pub fn remove_nested(&mut self, outer: &str, inner: &str) -> Result<bool, ReadError> {
        let Some(object) = self.get(outer).filter(|json| *json != "null") else { return Ok(false) };
        let object = Bytes::from(object.to_owned());
        let fields = fields(&object).map_err(|_| ReadError::new(outer, "must be an object"))?;
        let mut editor = Editor::over(&object, &fields);
        let was_there = editor.remove(inner);
        let edited = String::from_utf8_lossy(&editor.finish()).into_owned();
        self.set(outer, edited);
        Ok(was_there)
    }

    /// The JSON text of a field of a nested object as it is now.
    pub fn get_nested(&self, outer: &str, inner: &str) -> Option<String> {
        let object = Bytes::from(self.get(outer)?.to_owned());
        let fields = fields(&object).ok()?;
        Editor::over(&object, &fields).get(inner).map(str::to_owned)
    }

    /// The bytes with all changes made; the very same bytes if there are none.
    pub fn finish(self) -> Bytes {
        // Shares the bytes: a request of megabytes is not copied for nothing.
        if self.added.is_empty() && self.changes.iter().all(|change| matches!(change, Change::Keep)) {
            return self.bytes.clone();
        }
        let Some((first, last)) = self.fields.first().zip(self.fields.last()) else {
            return self.fill_empty();
        };
        let mut out = Vec::with_capacity(self.bytes.len() + 64);
        out.extend_from_slice(self.part(0, first.key.start));
        // A separator belongs to the field behind it, so removing the first field leaves no comma in front.
        let (mut written, mut before) = (false, first.key.start);
        for (field, change) in self.fields.iter().zip(&self.changes) {
            let separator = self.part(before, field.key.start);
            before = field.value.end;
            if matches!(change, Change::Remove) {
                continue;
            }
            if written {
                out.extend_from_slice(separator);
            }
            written = true;
            match change {
                Change::Replace(json) => {
                    out.extend_from_slice(self.part(field.key.start, field.value.start));
                    out.extend_from_slice(json.as_bytes());
                }
                Change::Keep | Change::Remove => {
                    out.extend_from_slice(self.part(field.key.start, field.value.end));
                }
            }
        }
        let (separator, colon) = self.style();
        for (name, json) in &self.added {
            if written {
                out.extend_from_slice(separator);
            }
            written = true;
            out.extend_from_slice(quoted(name).as_bytes());
            out.extend_from_slice(colon);
            out.extend_from_slice(json.as_bytes());
        }
        out.extend_from_slice(self.part(last.value.end, self.bytes.len()));
        out.into()
    }

    /// What stands between two fields, and between a key and its value, in this text.
    fn style(&self) -> (&[u8], &[u8]) {
        let separator = match self.fields {
            [.., left, right] => self.part(left.value.end, right.key.start),
            _ => b",",
        };
        let colon = self.fields.last().map_or(&b":"[..], |field| self.part(field.key.end, field.value.start));
        (separator, colon)
    }

    /// The same for an object that has no fields: there is no place but after its bracket.
    fn fill_empty(&self) -> Bytes {
        let open = memchr::memchr(b'{', self.bytes).map_or(0, |at| at + 1);
        let added: Vec<_> = self.added.iter().map(|(name, json)| format!("{}:{json}", quoted(name))).collect();
        [self.part(0, open), added.join(",").as_bytes(), self.part(open, self.bytes.len())].concat().into()
    }

    fn place(&self, name: &str) -> Option<usize> {
        // The last: a nested object may have a key twice, and the last one counts for the vendors' parsers.
        self.fields.iter().rposition(|field| field.name == name)
    }

    fn part(&self, from: usize, to: usize) -> &[u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    fn check(before: &str, edit: impl Fn(&mut Editor<'_>), after: &str) {
        let body = scan(Bytes::from(before.to_owned())).unwrap();
        let mut editor = Editor::new(&body);
        edit(&mut editor);
        assert_eq!(String::from_utf8(editor.finish().to_vec()).unwrap(), after);
    }

    #[test]
    fn a_value_is_replaced_in_its_place() {
        check(r#" {"a" : 1.50, "model":"x" }"#, |e| e.set("model", "\"y\""), r#" {"a" : 1.50, "model":"y" }"#);
        // A provider reads the escaped key as `model`, so it must be found. The byte order mark is among the bytes
        // that nobody asked to change.
        check("\u{feff}{\"m\\u006fdel\":1}", |e| e.set("model", "2"), "\u{feff}{\"m\\u006fdel\":2}");
    }

    #[test]
    fn a_new_field_takes_the_style_of_the_others() {
        check("{\n  \"a\": 1,\n  \"b\": 2\n}", |e| e.set("c", "3"), "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}");
        check("{\"a\":1}", |e| e.set("c", "3"), "{\"a\":1,\"c\":3}");
        check("{ }", |e| e.set("c", "3"), "{\"c\":3 }");
    }

    #[test]
    fn a_field_leaves_with_its_comma() {
        for (name, after) in
            [("a", "{ \"b\":2 , \"c\":3 }"), ("b", "{ \"a\":1 , \"c\":3 }"), ("c", "{ \"a\":1, \"b\":2 }")]
        {
            check("{ \"a\":1, \"b\":2 , \"c\":3 }", |e| assert!(e.remove(name)), after);
        }
        check("{\"a\":1}", |e| assert!(e.remove("a")), "{}");
        check(
            "{\"a\":1}",
            |e| {
                e.remove("a");
                e.set("b", "2");
            },
            "{\"b\":2}",
        );
    }

    #[test]
    fn a_nested_field_is_set_in_an_object_that_may_be_missing() {
        let set = |e: &mut Editor<'_>| e.set_nested("o", "x", "true").unwrap();
        check(r#"{"o": {"y": 1.0, "x": false}}"#, set, r#"{"o": {"y": 1.0, "x": true}}"#);
        check(r#"{"o": {"y": 1.0}}"#, set, r#"{"o": {"y": 1.0,"x": true}}"#);
        check(r#"{"o":null}"#, set, r#"{"o":{"x":true}}"#);
        check(r#"{"a":1}"#, set, r#"{"a":1,"o":{"x":true}}"#);
        let body = scan(Bytes::from_static(b"{\"o\":[]}")).unwrap();
        assert_eq!(Editor::new(&body).set_nested("o", "x", "1").unwrap_err().path, "o");
    }

    #[test]
    fn a_key_given_twice_is_named() {
        let error = scan(Bytes::from_static(b"{\"a\":1,\"\\u0061\":2}")).unwrap_err();
        assert_eq!(error.to_string(), "a: given twice");
        // Only names at the top decide on model and price. Those below are the provider's matter.
        assert!(scan(Bytes::from_static(b"{\"a\":{\"b\":1,\"b\":2}}")).is_ok());
        assert_eq!(scan(Bytes::from_static(b"[1]")).unwrap_err().to_string(), "the body must be a JSON object");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-d\"é]{0,2}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    #[derive(Debug, Clone)]
    enum Edit {
        Set(String, Value),
        Remove(String),
        Nested(String, String, Value),
    }

    fn edit() -> impl Strategy<Value = Edit> {
        prop_oneof![
            ("[a-d]", value()).prop_map(|(name, value)| Edit::Set(name, value)),
            "[a-d]".prop_map(Edit::Remove),
            ("[a-d]", "[a-d]", value()).prop_map(|(outer, inner, value)| Edit::Nested(outer, inner, value)),
        ]
    }

    fn edit_value(object: &mut Map<String, Value>, edit: &Edit) -> bool {
        match edit {
            Edit::Set(name, value) => drop(object.insert(name.clone(), value.clone())),
            Edit::Remove(name) => drop(object.shift_remove(name)),
            Edit::Nested(outer, inner, value) => {
                let slot = object.entry(outer).or_insert(Value::Null);
                if slot.is_null() {
                    *slot = Value::Object(Map::new());
                }
                let Some(nested) = slot.as_object_mut() else { return false };
                nested.insert(inner.clone(), value.clone());
            }
        }
        true
    }

    proptest! {
        #[test]
        fn edits_equal_the_same_edits_on_a_value(
            object in prop::collection::vec(("[a-d\"é]{1,2}", value()), 0..5),
            edits in prop::collection::vec(edit(), 0..5),
            pretty: bool,
        ) {
            let mut object: Map<String, Value> = object.into_iter().collect();
            let text = if pretty { serde_json::to_vec_pretty(&object) } else { serde_json::to_vec(&object) }.unwrap();
            let body = scan(text.clone().into()).unwrap();
            let mut editor = Editor::new(&body);
            for edit in &edits {
                let done = match edit {
                    Edit::Set(name, value) => { editor.set(name, value.to_string()); true }
                    Edit::Remove(name) => { editor.remove(name); true }
                    Edit::Nested(outer, inner, value) => editor.set_nested(outer, inner, value.to_string()).is_ok(),
                };
                prop_assert_eq!(edit_value(&mut object, edit), done);
            }
            let edited = editor.finish();
            prop_assert_eq!(serde_json::from_slice::<Value>(&edited).unwrap(), Value::Object(object));
            if edits.is_empty() {
                prop_assert_eq!(edited, Bytes::from(text));
            }
        }

        #[test]
        fn survives_anything(bytes: Vec<u8>) {
            if let Ok(body) = scan(bytes.clone().into()) {
                prop_assert_eq!(Editor::new(&body).finish(), Bytes::from(bytes));
            }
        }
    }
}
