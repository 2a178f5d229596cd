//! A tree of JSON values that know where they stand.

use super::lexer::{Lexer, unescape};
use crate::ReadError;
use baton_model::chat::Json;
use std::borrow::Cow;

/// One value, with the text it was written in.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    text: &'a str,
    /// Its first byte in the whole text: no two values share one, so it names the value.
    start: usize,
    value: JsonValue<'a>,
}

/// What a value is. Strings and numbers stay text until somebody asks for them.
#[derive(Debug, Clone)]
pub enum JsonValue<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array(Box<[Node<'a>]>),
    /// An object; of keys given twice the last counts.
    Object(Box<[Member<'a>]>),
}

/// A name and its value.
type Member<'a> = (Cow<'a, str>, Node<'a>);

/// Parses values. Items and members wait in two stacks until their array or object ends and then move into a slice of
/// exactly their number: a `Vec` for each would begin with room for four, which for a request of many small messages is
/// several times its text.
struct Parser<'a> {
    lexer: Lexer<'a>,
    depth: usize,
    items: Vec<Node<'a>>,
    members: Vec<Member<'a>>,
}

/// Something that was not as expected, somewhere in the tree. [`read`] turns it into a [`ReadError`] with the path.
#[derive(Debug)]
pub struct JsonFault {
    start: usize,
    member: Option<String>,
    problem: String,
}

/// Parses a text and reads it with `read`; a fault that this finds is told with the path of its field.
///
/// # Errors
/// If it is not JSON, or `read` says so.
pub fn read<T>(bytes: &[u8], read: impl FnOnce(&Node<'_>) -> Result<T, JsonFault>) -> Result<T, ReadError> {
    let root = Node::parse(bytes)?;
    read(&root).map_err(|fault| {
        let mut path = root.path_to(fault.start);
        if let Some(member) = fault.member {
            let dot = if path.is_empty() { "" } else { "." };
            path = format!("{path}{dot}{member}");
        }
        ReadError::new(path, fault.problem)
    })
}

impl<'a> Node<'a> {
    /// Parses a whole text.
    ///
    /// # Errors
    /// If it is not UTF-8 JSON, or nested deeper than [`super::MAX_DEPTH`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let lexer = Lexer::new(bytes)?;
        let mut parser = Parser { lexer, depth: 0, items: Vec::new(), members: Vec::new() };
        let root = parser.value()?;
        parser.lexer.end()?;
        Ok(root)
    }

    /// What it is.
    pub fn value(&self) -> &JsonValue<'a> {
        &self.value
    }

    /// Its text as it was written.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Where it stands in the whole text.
    pub fn span(&self) -> std::ops::Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// Its text as a value of the vocabulary.
    pub fn json(&self) -> Json {
        Json(self.text.to_owned())
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.value, JsonValue::Null)
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        matches!(self.value, JsonValue::Object(_))
    }

    /// A member that is there and not `null`; `None` of anything but an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let JsonValue::Object(members) = &self.value else { return None };
        // Of two equal keys the last wins, as in the vendors' own parsers.
        members.iter().rev().find(|(key, _)| key == name).map(|(_, node)| node).filter(|node| !node.is_null())
    }

    /// A member that must be there and not `null`.
    ///
    /// # Errors
    /// If it is not, or this is no object.
    pub fn require(&self, name: &str) -> Result<&Self, JsonFault> {
        self.members()?;
        self.get(name).ok_or_else(|| JsonFault {
            start: self.start,
            member: Some(name.to_owned()),
            problem: "is required".to_owned(),
        })
    }

    /// The members of an object, in order.
    ///
    /// # Errors
    /// If it is none.
    pub fn members(&self) -> Result<&[(Cow<'a, str>, Self)], JsonFault> {
        match &self.value {
            JsonValue::Object(members) => Ok(members),
            _ => Err(self.expected_fault("an object")),
        }
    }

    /// The items of an array.
    ///
    /// # Errors
    /// If it is none.
    pub fn items(&self) -> Result<&[Self], JsonFault> {
        match &self.value {
            JsonValue::Array(items) => Ok(items),
            _ => Err(self.expected_fault("an array")),
        }
    }

    /// The text of a string; `None` of anything else.
    pub fn as_str(&self) -> Option<Cow<'a, str>> {
        matches!(self.value, JsonValue::String).then(|| unescape(self.text))
    }

    /// The text of a string.
    ///
    /// # Errors
    /// If it is none.
    pub fn string(&self) -> Result<String, JsonFault> {
        self.as_str().map(Cow::into_owned).ok_or_else(|| self.expected_fault("a string"))
    }

    /// The text of a string; `None` of anything else. For replies, where a member of an unexpected kind is passed over.
    pub fn string_or_none(&self) -> Option<String> {
        self.as_str().map(Cow::into_owned)
    }

    /// A truth value.
    ///
    /// # Errors
    /// If it is none.
    pub fn bool(&self) -> Result<bool, JsonFault> {
        match self.value {
            JsonValue::Bool(value) => Ok(value),
            _ => Err(self.expected_fault("true or false")),
        }
    }

    /// A number that a `f64` can hold.
    ///
    /// # Errors
    /// If it is none.
    pub fn f64(&self) -> Result<f64, JsonFault> {
        let number = matches!(self.value, JsonValue::Number).then(|| self.text.parse().ok()).flatten();
        number.filter(|number: &f64| number.is_finite()).ok_or_else(|| self.expected_fault("a number"))
    }

    /// A whole number of the type asked for; `3.0` is one too, as vendors take it.
    ///
    /// # Errors
    /// If it is none, or too large.
    pub fn integer<T: TryFrom<i128>>(&self) -> Result<T, JsonFault> {
        self.as_integer().and_then(|number| T::try_from(number).ok()).ok_or_else(|| self.expected_fault("an integer"))
    }

    fn as_integer(&self) -> Option<i128> {
        if !matches!(self.value, JsonValue::Number) {
            return None;
        }
        self.text.parse().ok().or_else(|| {
            // Beyond 2^53 a float no longer says which whole number was meant.
            let number: f64 = self.text.parse().ok()?;
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
            (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i128)
        })
    }

    /// A count, as leniently as the bills of others must be read: a fraction is rounded, a negative number or anything
    /// that is no number counts as 0.
    pub fn count(&self) -> u64 {
        let number = self.f64().unwrap_or(0.0);
        self.integer().unwrap_or({
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
            let rounded = number.round() as u64;
            rounded
        })
    }

    /// A fault at this value.
    pub fn fault(&self, problem: impl Into<String>) -> JsonFault {
        JsonFault { start: self.start, member: None, problem: problem.into() }
    }

    /// The fault of a value of the wrong kind.
    pub fn expected_fault(&self, expected: &str) -> JsonFault {
        self.fault(format!("must be {expected}"))
    }

    /// The path of the value that starts there: `messages[2].content`.
    fn path_to(&self, start: usize) -> String {
        // From the root, and only for an error: nodes of valid requests need no parents and no paths.
        let contains = |node: &Self| node.start <= start && start < node.start + node.text.len();
        let (mut node, mut path) = (self, String::new());
        while node.start != start {
            let inner = match &node.value {
                JsonValue::Object(members) => {
                    members.iter().find(|(_, member)| contains(member)).map(|(name, member)| {
                        let dot = if path.is_empty() { "" } else { "." };
                        (format!("{dot}{name}"), member)
                    })
                }
                JsonValue::Array(items) => items
                    .iter()
                    .enumerate()
                    .find(|(_, item)| contains(item))
                    .map(|(at, item)| (format!("[{at}]"), item)),
                _ => None,
            };
            let Some((step, next)) = inner else { break };
            path.push_str(&step);
            node = next;
        }
        path
    }
}

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Node<'a>, ReadError> {
        // This recursion is safe: `open` bounds the depth, whatever the bytes are.
        let start = self.lexer.position();
        let value = match self.lexer.peek() {
            Some(b'{') => JsonValue::Object(self.object()?),
            Some(b'[') => JsonValue::Array(self.array()?),
            first => {
                self.lexer.scalar()?;
                match first {
                    Some(b'"') => JsonValue::String,
                    Some(b't') => JsonValue::Bool(true),
                    Some(b'f') => JsonValue::Bool(false),
                    Some(b'n') => JsonValue::Null,
                    _ => JsonValue::Number,
                }
            }
        };
        Ok(Node { text: self.lexer.text().get(start..self.lexer.position()).unwrap_or_default(), start, value })
    }

    fn array(&mut self) -> Result<Box<[Node<'a>]>, ReadError> {
        let first = self.items.len();
        self.list(b']', |parser| {
            let item = parser.value()?;
            parser.items.push(item);
            Ok(())
        })?;
        Ok(self.items.drain(first..).collect())
    }

    fn object(&mut self) -> Result<Box<[Member<'a>]>, ReadError> {
        let first = self.members.len();
        self.list(b'}', |parser| {
            let key = parser.lexer.key()?;
            let name = unescape(parser.lexer.text().get(key).unwrap_or_default());
            let member = (name, parser.value()?);
            parser.members.push(member);
            Ok(())
        })?;
        Ok(self.members.drain(first..).collect())
    }

    /// What stands between the brackets, with commas between.
    fn list(&mut self, end: u8, mut one: impl FnMut(&mut Self) -> Result<(), ReadError>) -> Result<(), ReadError> {
        self.lexer.open(&mut self.depth)?;
        self.lexer.whitespace();
        if !self.lexer.accept(end) {
            loop {
                one(self)?;
                self.lexer.whitespace();
                if !self.lexer.accept(b',') {
                    break;
                }
                self.lexer.whitespace();
            }
            self.lexer.expect(end)?;
        }
        self.depth -= 1;
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn check(text: &str, reader: impl FnOnce(&Node<'_>) -> Result<(), JsonFault>, error: &str) {
        assert_eq!(read(text.as_bytes(), reader).unwrap_err().to_string(), error);
    }

    #[test]
    fn faults_name_the_field() {
        let text = r#"{"messages": [{"role":"user"}, {"content":[{"image_url":{"url":7}}]}]}"#;
        let url = |root: &Node<'_>| {
            let content = root.require("messages")?.items()?.last().unwrap().require("content")?;
            content.items()?.first().unwrap().require("image_url")?.require("url")?.string().map(drop)
        };
        check(text, url, "messages[1].content[0].image_url.url: must be a string");
        let model = |root: &Node<'_>| root.require("model").map(drop);
        check(text, model, "model: is required");
        let content =
            |root: &Node<'_>| root.require("messages")?.items()?.first().unwrap().require("content").map(drop);
        check(text, content, "messages[0].content: is required");
        check("[]", model, "must be an object");
    }

    #[test]
    fn values_keep_their_text() {
        let root = Node::parse(br#"{"n": 1.50, "s":"\u00e9", "n": 2e0}"#).unwrap();
        assert_eq!(root.get("n").unwrap().json(), Json("2e0".into()));
        assert_eq!(root.get("n").unwrap().integer::<u8>().unwrap(), 2);
        assert_eq!(root.get("s").unwrap().string().unwrap(), "é");
        assert_eq!(root.get("s").unwrap().text(), r#""\u00e9""#);
    }

    #[test]
    fn numbers_have_bounds() {
        let number = |text: &'static str| Node::parse(text.as_bytes()).unwrap();
        // Rust parses it as infinity, which could not be written back as JSON.
        assert!(number("1e999").f64().is_err());
        assert!(number("-1").integer::<u64>().is_err());
        assert!(number("1.5").integer::<u64>().is_err());
        assert_eq!(number("18446744073709551615").integer::<u64>().unwrap(), u64::MAX);
        // The usage of another service may hold anything, and a reply that was paid for must not fail over it.
        assert_eq!((number("-3").count(), number("1.6").count(), number("\"x\"").count()), (0, 2, 0));
    }
}
