//! A JSON body, taken apart field by field: each value's own text, so that decimals stay exact, and every wrong field
//! is named in one reply.

use super::faults::Faults;
use super::phrases::{brief, unknown};
use baton_dialect::framing::splice;
use baton_model::bounds::{self, Maximum};
use baton_model::chat::Json;
use baton_model::schema::{RegisteredSchema, field_names, merge_fields, problem};
use baton_model::{Body, PublicError};
use baton_web::bounds::object;
use bytes::Bytes;
use serde::de::DeserializeOwned;

/// The fields of a JSON object. What is taken is ticked off; what is left at the end is unknown.
pub struct JsonFields {
    body: Body,
    taken: Vec<&'static str>,
}

impl JsonFields {
    /// Reads a body. None at all is an empty object.
    ///
    /// # Errors
    /// `invalid_request` if it is not a JSON object, or names a field twice.
    pub fn read(bytes: Bytes) -> Result<Self, PublicError> {
        // Calls whose fields are all optional (`discover`, `rotate`) are often sent without a body.
        let bytes = if bytes.trim_ascii().is_empty() { Bytes::from_static(b"{}") } else { bytes };
        Ok(Self { body: splice::scan(bytes)?, taken: Vec::new() })
    }

    /// The field's own JSON text, trimmed; `None` if it is absent. Null is `Some("null")`.
    pub fn raw(&mut self, name: &'static str) -> Option<&str> {
        if !self.taken.contains(&name) {
            self.taken.push(name);
        }
        self.body.value(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Notes that a field is absent or null, and what it says.
    pub fn require(&self, name: &str, what: &str, faults: &mut Faults) {
        if self.body.value(name).is_none_or(|value| value == b"null") {
            faults.add(name.to_owned(), format!("is required: {what}"));
        }
    }

    /// A field of a type: `None` if it is absent, `Some(None)` if it is null or wrong (which is noted).
    pub fn take<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        expected: &str,
        faults: &mut Faults,
    ) -> Option<Option<T>> {
        let path = name.to_owned();
        let text = self.raw(name)?;
        let read = serde_json::from_str::<Option<T>>(text);
        Some(read.unwrap_or_else(|_| {
            faults.add(path, format!("must be {expected}, got {}", brief(text)));
            None
        }))
    }

    /// A line of text that is neither empty nor too long; null is as absent.
    pub fn text(&mut self, name: &'static str, faults: &mut Faults) -> Option<String> {
        let text = self.take::<String>(name, "a string", faults)??;
        let path = name.to_owned();
        checked(name, path, text, char::is_control, faults)
    }

    /// A whole body of a type: each field that is wrong is noted, and counts as absent.
    pub fn read_body<T: DeserializeOwned>(&mut self, faults: &mut Faults) -> Option<T> {
        // serde stops at the first error. Each field is therefore read in an object of its own; only those that are
        // right go into the whole.
        let mut members: Vec<String> = Vec::new();
        for name in field_names::<T>() {
            let Some(value) = self.take_value(name, faults) else { continue };
            let member = format!("{}:{}", serde_json::Value::from(*name), value.0);
            match serde_json::from_str::<T>(&format!("{{{member}}}")) {
                Ok(_) => members.push(member),
                Err(error) => faults.add(name.to_owned(), problem(&error, &value.0)),
            }
        }
        serde_json::from_str(&format!("{{{}}}", members.join(","))).ok()
    }

    /// A field of a registered thing, as the thing's schema says; it is tried on `thing`, and what is wrong is noted.
    pub fn by_schema<T: RegisteredSchema>(
        &mut self,
        name: &'static str,
        thing: &T,
        faults: &mut Faults,
    ) -> Option<Json> {
        let value = (name.to_owned(), self.take_value(name, faults)?);
        match merge_fields(thing, std::slice::from_ref(&value)) {
            Ok(_) => return Some(value.1),
            // Null is as absent where a field can't be null.
            Err(_) if value.1.0 == "null" => {}
            Err(error) => faults.add(name.to_owned(), problem(&error, &value.1.0)),
        }
        None
    }

    /// The value of a field; a text or object that no field takes is noted, and counts as absent.
    fn take_value(&mut self, name: &'static str, faults: &mut Faults) -> Option<Json> {
        // Only these may have line breaks.
        const LINES: [&str; 3] = ["comment", "description", "display_name"];
        const OBJECTS: [&str; 2] = ["configuration", "metadata"];
        if OBJECTS.contains(&name) {
            return self.object(name, faults);
        }
        let value = Json(self.raw(name)?.to_owned());
        // Numbers, flags and arrays have no text to check. Their type is checked by whoever reads them.
        let Ok(text) = serde_json::from_str::<String>(&value.0) else { return Some(value) };
        let unfit = |letter: char| letter.is_control() && !(LINES.contains(&name) && letter.is_whitespace());
        checked(name, name.to_owned(), text, unfit, faults).map(|_| value)
    }

    /// A JSON object of the operator's own, as it was written: `None` if it is absent or wrong, which is noted.
    fn object(&mut self, name: &'static str, faults: &mut Faults) -> Option<Json> {
        let path = name.to_owned();
        let text = self.raw(name)?;
        let checked = if text.starts_with('{') {
            object(text, Maximum::Object(bounds::JSON_BYTES, bounds::JSON_KEYS))
        } else {
            Err(format!("must be an object, got {}", brief(text)))
        };
        checked.map(|()| Json(text.to_owned())).map_err(|problem| faults.add(path, problem)).ok()
    }

    /// A list of ids: `None` if it is absent, `Some(None)` for null. What is wrong is noted.
    pub fn ids(&mut self, name: &'static str, expected: &str, faults: &mut Faults) -> Option<Option<Vec<String>>> {
        let path = name.to_owned();
        let list: Option<Vec<String>> = self.take(name, expected, faults)?;
        if let Some(list) = &list {
            let bytes = list.iter().map(String::len).sum();
            let problems = [
                Maximum::Entries(bounds::KEY_LIST).check_length(list.len()),
                Maximum::Bytes(bounds::KEY_LIST_BYTES).check_length(bytes),
                list.iter().try_for_each(|id| Maximum::Bytes(bounds::ID).check(id)),
            ];
            // One of them says enough.
            if let Some(problem) = problems.into_iter().find_map(Result::err) {
                faults.add(path.as_str(), problem);
            }
        }
        Some(list)
    }

    /// Notes the fields that nobody has taken.
    pub fn finish(self, faults: &mut Faults) {
        for field in self.body.fields.iter().filter(|field| !self.taken.contains(&field.name.as_str())) {
            faults.add(field.name.as_str(), unknown("field", &field.name, &self.taken));
        }
    }
}

/// How long the text of a field may be: a name means the same wherever it stands.
fn max_length(name: &str) -> Maximum {
    match name {
        "name" | "display_name" => Maximum::Characters(bounds::NAME),
        "id" | "model_id" | "project_id" | "user_id" | "default_model" | "budget_id" | "limit_id" => {
            Maximum::Bytes(bounds::ID)
        }
        "upstream" => Maximum::Bytes(bounds::UPSTREAM),
        "url" | "base_url" | "query" => Maximum::Bytes(bounds::URL),
        "api_key" => Maximum::Bytes(bounds::HEADER),
        _ => Maximum::Characters(bounds::TEXT),
    }
}

fn checked(
    name: &str,
    path: String,
    text: String,
    unfit: impl Fn(char) -> bool,
    faults: &mut Faults,
) -> Option<String> {
    let problem = if text.trim().is_empty() {
        "must not be empty".to_owned()
    } else if let Err(problem) = max_length(name).check(&text) {
        problem
    } else if text.chars().any(unfit) {
        "must not contain control characters".to_owned()
    } else {
        return Some(text);
    };
    faults.add(path, problem);
    None
}
