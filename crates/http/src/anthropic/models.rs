//! The models in Anthropic's shape: `GET /v1/models` and `GET /v1/models/{id}` (Anthropic API reference, models).

use crate::list_query::{LONGEST_LIST, ListQuery};
use baton_model::{Code, Model, PublicError};
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use std::cmp::Reverse;
use std::sync::Arc;

/// A model as this format lists it.
#[derive(Serialize)]
pub struct AnthropicModel<'m> {
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
pub struct AnthropicModelPage<'m> {
    data: Vec<AnthropicModel<'m>>,
    has_more: bool,
    first_id: Option<&'m str>,
    last_id: Option<&'m str>,
}

impl<'m> AnthropicModel<'m> {
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
pub fn page<'m>(mut models: Vec<&'m Arc<Model>>, query: Option<&str>) -> Result<AnthropicModelPage<'m>, PublicError> {
    // By id as well, so that models made in the same second don't change places between pages.
    models.sort_by_key(|model| (Reverse(model.created_at), &model.id));
    let asked = ListQuery::read(query, LONGEST_LIST)?;
    // An id that the caller may not use is not in the list, so it is as unknown as one that does not exist.
    let place = |id: &str| {
        models
            .iter()
            .position(|model| model.id.as_str() == id)
            .ok_or_else(|| PublicError::new(Code::InvalidRequest, format!("unknown model `{id}`")))
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
    let data: Vec<AnthropicModel<'m>> =
        models.get(from..to).unwrap_or_default().iter().map(|model| AnthropicModel::new(model)).collect();
    // In the direction of paging: backwards there is more at the front.
    let has_more = if asked.after.is_none() && asked.before.is_some() { from > 0 } else { to < models.len() };
    Ok(AnthropicModelPage {
        has_more,
        first_id: data.first().map(|model| model.id),
        last_id: data.last().map(|model| model.id),
        data,
    })
}
