//! A query string, read parameter by parameter.

use super::faults::Faults;
use super::phrases::{brief, unknown};
use axum::extract::Query;
use baton_model::bounds::{Maximum, PARAMETER};
use baton_model::{Code, PublicError};
use http::Uri;

/// The parameters of a query. What is taken is ticked off; what is left at the end is unknown.
pub struct QueryParams {
    given: Vec<(String, String)>,
    taken: Vec<&'static str>,
    /// What is wrong so far.
    pub faults: Faults,
}

impl QueryParams {
    /// Reads the query of a request.
    ///
    /// # Errors
    /// `invalid_request` if it is not percent-encoded text.
    pub fn read(uri: &Uri) -> Result<Self, PublicError> {
        let Query(given) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| PublicError::new(Code::InvalidRequest, "the query must be percent-encoded UTF-8"))?;
        Ok(Self { given, taken: Vec::new(), faults: Faults::default() })
    }

    /// A parameter; an empty one is as absent.
    pub fn take(&mut self, name: &'static str) -> Option<String> {
        // Ticked off even if it is not there, because `finish` lists these names as the known ones.
        self.taken.push(name);
        let mut values = self.given.iter().filter(|(given, _)| given == name).map(|(_, value)| value);
        let value = values.next().filter(|value| !value.is_empty()).cloned();
        if values.next().is_some() {
            self.faults.add(name, "must be given only once");
        }
        if let Some(Err(problem)) = value.as_ref().map(|value| Maximum::Bytes(PARAMETER).check(value)) {
            self.faults.add(name, problem);
            return None;
        }
        // Nothing that is kept holds one, and PostgreSQL takes none.
        if value.as_ref().is_some_and(|value| value.contains('\0')) {
            self.faults.add(name, "must not contain the character U+0000");
            return None;
        }
        value
    }

    /// A parameter that `read` understands; `expected` says what it takes.
    pub fn parse<T>(&mut self, name: &'static str, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.take(name)?;
        let value = read(&text);
        if value.is_none() {
            self.faults.add(name, format!("must be {expected}, got `{}`", brief(&text)));
        }
        value
    }

    /// A number within bounds; the default if it is absent.
    pub fn number(&mut self, name: &'static str, bounds: std::ops::RangeInclusive<u64>, default: u64) -> u64 {
        let expected = format!("a number from {} to {}", bounds.start(), bounds.end());
        let within = |text: &str| text.parse().ok().filter(|number| bounds.contains(number));
        self.parse(name, &expected, within).unwrap_or(default)
    }

    /// The parameter `cursor` of lists whose cursor is an id, a UUID.
    pub fn id_cursor(&mut self) -> Option<String> {
        let is_id = |text: &str| text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
        self.parse("cursor", "a `next_cursor`", |text| is_id(text).then(|| text.to_owned()))
    }

    /// Whether it is `true`; absent is false.
    pub fn flag(&mut self, name: &'static str) -> bool {
        self.parse(name, "true or false", |text| text.parse().ok()).unwrap_or(false)
    }

    /// All read.
    ///
    /// # Errors
    /// `validation_error` with every parameter that is wrong or unknown.
    pub fn finish(mut self) -> Result<(), PublicError> {
        for (name, _) in self.given.iter().filter(|(name, _)| !self.taken.contains(&name.as_str())) {
            self.faults.add(name.as_str(), unknown("parameter", name, &self.taken));
        }
        self.faults.check()
    }
}
