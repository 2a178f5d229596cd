//! Writing compact JSON, with text that is JSON already spliced in as it is.

use baton_model::chat::Json;

/// A text as a JSON string.
pub fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_quoted(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

fn push_quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        // JSON demands no more than these. The bytes of longer UTF-8 characters are all above 0x7f, so this never
        // cuts one.
        if *byte >= 0x20 && *byte != b'"' && *byte != b'\\' {
            continue;
        }
        out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
        from = at + 1;
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out.push(b'"');
}

/// The bytes of a JSON object.
pub fn object(fill: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    Object::write(&mut out, fill);
    out
}

/// The bytes of a JSON array.
pub fn array(fill: impl FnOnce(&mut Array<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    Array::write(&mut out, fill);
    out
}

/// An object being written.
#[derive(Debug)]
pub struct Object<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

/// An array being written.
#[derive(Debug)]
pub struct Array<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl Object<'_> {
    /// Ends a chain of writes where an expression without value is expected, such as the arm of a `match`.
    pub fn end(&mut self) {}

    fn write(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        out.push(b'{');
        fill(&mut Object { out, empty: true });
        out.push(b'}');
    }

    fn key(&mut self, name: &str) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        push_quoted(self.out, name);
        self.out.push(b':');
    }

    /// A string.
    pub fn string(&mut self, name: &str, value: &str) -> &mut Self {
        self.key(name);
        push_quoted(self.out, value);
        self
    }

    /// A truth value.
    pub fn bool(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// A whole number.
    pub fn integer(&mut self, name: &str, value: impl Into<i128>) -> &mut Self {
        self.raw(name, &value.into().to_string())
    }

    /// A number; `null` if it is not finite.
    pub fn f64(&mut self, name: &str, value: f64) -> &mut Self {
        self.raw(name, &number(value))
    }

    /// `null`.
    pub fn null(&mut self, name: &str) -> &mut Self {
        self.raw(name, "null")
    }

    /// Text that is JSON already.
    pub fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.key(name);
        self.out.extend_from_slice(json.as_bytes());
        self
    }

    /// A value of the vocabulary.
    pub fn json(&mut self, name: &str, json: &Json) -> &mut Self {
        self.raw(name, &json.0)
    }

    /// A nested object.
    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.key(name);
        Object::write(self.out, fill);
        self
    }

    /// A nested array.
    pub fn array(&mut self, name: &str, fill: impl FnOnce(&mut Array<'_>)) -> &mut Self {
        self.key(name);
        Array::write(self.out, fill);
        self
    }

    /// A string, if there is one.
    pub fn maybe_string(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.string(name, value);
        }
        self
    }

    /// A truth value, if there is one.
    pub fn maybe_bool(&mut self, name: &str, value: Option<bool>) -> &mut Self {
        if let Some(value) = value {
            self.bool(name, value);
        }
        self
    }

    /// A whole number, if there is one.
    pub fn maybe_integer(&mut self, name: &str, value: Option<impl Into<i128>>) -> &mut Self {
        if let Some(value) = value {
            self.integer(name, value);
        }
        self
    }

    /// A number, if there is one.
    pub fn maybe_f64(&mut self, name: &str, value: Option<f64>) -> &mut Self {
        if let Some(value) = value {
            self.f64(name, value);
        }
        self
    }

    /// A value of the vocabulary, if there is one.
    pub fn maybe_json(&mut self, name: &str, value: Option<&Json>) -> &mut Self {
        if let Some(value) = value {
            self.json(name, value);
        }
        self
    }
}

impl Array<'_> {
    fn write(out: &mut Vec<u8>, fill: impl FnOnce(&mut Array<'_>)) {
        out.push(b'[');
        fill(&mut Array { out, empty: true });
        out.push(b']');
    }

    fn item(&mut self) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
    }

    /// A string.
    pub fn string(&mut self, value: &str) -> &mut Self {
        self.item();
        push_quoted(self.out, value);
        self
    }

    /// Text that is JSON already.
    pub fn raw(&mut self, json: &str) -> &mut Self {
        self.item();
        self.out.extend_from_slice(json.as_bytes());
        self
    }

    /// A whole number.
    pub fn integer(&mut self, value: impl Into<i128>) -> &mut Self {
        self.raw(&value.into().to_string())
    }

    /// A number; `null` if it is not finite.
    pub fn f64(&mut self, value: f64) -> &mut Self {
        self.raw(&number(value))
    }

    /// A nested object.
    pub fn object(&mut self, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.item();
        Object::write(self.out, fill);
        self
    }

    /// A nested array.
    pub fn array(&mut self, fill: impl FnOnce(&mut Array<'_>)) -> &mut Self {
        self.item();
        Array::write(self.out, fill);
        self
    }
}

/// The shortest spelling that reads back as the same number: `1` rather than `1.0`.
fn number(value: f64) -> String {
    // Rust never writes exponents; far from one that would be hundreds of digits.
    let size = value.abs();
    match value {
        // JSON has no word for infinity: `inf` would make the whole body invalid.
        _ if !value.is_finite() => "null".to_owned(),
        _ if size != 0.0 && !(1e-6..1e16).contains(&size) => format!("{value:e}"),
        _ => value.to_string(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn objects_nest() {
        let bytes = object(|o| {
            o.string("a", "x\"\n\u{1}").raw("b", "1.50").array("c", |c| {
                c.integer(1_u8).object(|o| {
                    o.null("d").f64("e", 0.5);
                });
            });
            o.object("f", |_| {}).maybe_string("g", None);
        });
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, r#"{"a":"x\"\n\u0001","b":1.50,"c":[1,{"d":null,"e":0.5}],"f":{}}"#);
    }

    proptest! {
        #[test]
        fn strings_and_numbers_read_back(text: String, number in prop::num::f64::NORMAL | prop::num::f64::ZERO) {
            prop_assert_eq!(serde_json::from_str::<String>(&quoted(&text)).unwrap(), text);
            prop_assert_eq!(super::number(number).parse::<f64>().unwrap(), number);
        }
    }
}
