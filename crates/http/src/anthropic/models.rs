//! The models in Anthropic's shape: `GET /v1/models` and `GET /v1/models/{id}` (Anthropic API reference, models).

use baton_model::{Code, Model, PublicError};
use chrono::{DateTime, SecondsFormat};
use http::HeaderMap;
use serde::Serialize;
use std::cmp::Reverse;
use std::sync::Arc;

/// A model as this format lists it.
#[derive(Serialize)]
pub struct Listed<'m> {
    r#type: &'static str,
    id: &'m str,
    display_name: &'m str,
    /// RFC 3339.
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
}

/// A page of them, newest first.
#[derive(Serialize)]
pub struct Page<'m> {
    data: Vec<Listed<'m>>,
    has_more: bool,
    first_id: Option<&'m str>,
    last_id: Option<&'m str>,
}

/// Whether a request is of this format's clients: they say which version they speak, or have a key of their own header.
pub fn is_asked(headers: &HeaderMap) -> bool {
    headers.contains_key("anthropic-version")
        || (headers.contains_key("x-api-key") && !headers.contains_key("authorization"))
}

impl<'m> Listed<'m> {
    /// A model.
    pub fn new(model: &'m Model) -> Self {
        let created = DateTime::from_timestamp(model.created_at.seconds(), 0).unwrap_or_default();
        Self {
            r#type: "model",
            id: model.id.as_str(),
            display_name: model.display_name.as_deref().unwrap_or(model.id.as_str()),
            created_at: created.to_rfc3339_opts(SecondsFormat::Secs, true),
            max_input_tokens: model.token_limit,
            max_tokens: model.max_tokens,
        }
    }
}

/// The page that a query asks for: `limit` (1 to 1000, default 20), `after_id` or `before_id`.
///
/// # Errors
/// `invalid_request` for a limit that is none, or an id that is not in the list.
pub fn page<'m>(mut models: Vec<&'m Arc<Model>>, query: Option<&str>) -> Result<Page<'m>, PublicError> {
    models.sort_by_key(|model| (Reverse(model.created_at), &model.id));
    let asked = Asked::read(query)?;
    let place = |id: &str| {
        models
            .iter()
            .position(|model| model.id.as_str() == id)
            .ok_or_else(|| PublicError::new(Code::InvalidRequest, format!("there is no model `{id}` to page from")))
    };
    let (from, to) = match (&asked.after, &asked.before) {
        (Some(after), _) => {
            let from = place(after)? + 1;
            (from, (from + asked.limit).min(models.len()))
        }
        (None, Some(before)) => {
            let to = place(before)?;
            (to.saturating_sub(asked.limit), to)
        }
        (None, None) => (0, asked.limit.min(models.len())),
    };
    let data: Vec<Listed<'m>> =
        models.get(from..to).unwrap_or_default().iter().map(|model| Listed::new(model)).collect();
    let has_more = if asked.after.is_none() && asked.before.is_some() { from > 0 } else { to < models.len() };
    Ok(Page {
        has_more,
        first_id: data.first().map(|model| model.id),
        last_id: data.last().map(|model| model.id),
        data,
    })
}

/// What a query asks of a list.
pub struct Asked {
    /// At most so many.
    pub limit: usize,
    /// Those after that one.
    pub after: Option<String>,
    /// Those before that one.
    pub before: Option<String>,
}

impl Asked {
    /// Reads `limit`, `after_id` (OpenAI: `after`) and `before_id`.
    ///
    /// # Errors
    /// `invalid_request` for a limit that is none.
    pub fn read(query: Option<&str>) -> Result<Self, PublicError> {
        let get = |names: &[&str]| parameter(query, names);
        let limit = match get(&["limit"]) {
            None => 20,
            Some(text) => text.parse().ok().filter(|limit| (1..=1000).contains(limit)).ok_or_else(|| {
                PublicError::new(Code::InvalidRequest, format!("limit: expected 1 to 1000, got {text}")).at("limit")
            })?,
        };
        Ok(Self { limit, after: get(&["after_id", "after"]), before: get(&["before_id"]) })
    }
}

/// The value of the first parameter of one of these names.
pub fn parameter(query: Option<&str>, names: &[&str]) -> Option<String> {
    let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| names.contains(name)).map(|(_, value)| {
        percent_encoding::percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::Asked;

    #[test]
    fn queries_are_read() {
        let asked =
            Asked::read(Some("limit=3&after_id=groq%2Fllama%3A8b&beta=true")).map(|asked| (asked.limit, asked.after));
        assert_eq!(asked, Ok((3, Some("groq/llama:8b".to_owned()))));
        for wrong in ["limit=0", "limit=1001", "limit=x", "limit=-1"] {
            assert!(Asked::read(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
