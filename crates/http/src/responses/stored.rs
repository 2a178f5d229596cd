//! The responses that Baton stores itself, as OpenAI shows its own (OpenAI API reference, responses: get, delete, cancel,
//! list input items).

use crate::list_query::{ListQuery, parameter};
use crate::{HttpState, upstream};
use axum::response::Response;
use baton_dialect::responses::context::{Items, id_of};
use baton_model::entity::StoredResponse;
use baton_model::{Code, PublicError, bounds};
use http::Method;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

/// What is asked of a response: the method, and what stands below its address.
pub(super) async fn serve(
    state: &HttpState,
    stored: StoredResponse,
    method: &Method,
    below: &str,
    query: Option<&str>,
) -> Result<Response, PublicError> {
    let body = match (method, below) {
        // Whoever comes here has been found to own the response (`find`).
        (&Method::DELETE, "") => {
            state.conversations.delete(&stored.id).await?;
            json!({ "id": stored.id, "object": "response", "deleted": true }).to_string()
        }
        (_, "") if parameter(query, &["stream"]).as_deref() == Some("true") => {
            let message = "stream: only a background response can be streamed again";
            return Err(PublicError::new(Code::InvalidRequest, message).at("stream"));
        }
        (_, "") => stored.response,
        (_, "/cancel") => {
            let message = "only a background response can be cancelled";
            return Err(PublicError::new(Code::InvalidRequest, message));
        }
        _ => list(&stored, query)?,
    };
    Ok(upstream::json(body.into_bytes()))
}

/// The most items of a page (OpenAI API reference, list input items).
const INPUT_ITEMS: usize = 100;

/// A page of input items.
#[derive(Serialize)]
struct Page<'p> {
    object: &'static str,
    data: Vec<&'p RawValue>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

/// `order` (`desc` unless `asc`), `after` an item's id, `limit`.
fn list(stored: &StoredResponse, query: Option<&str>) -> Result<String, PublicError> {
    let wrong = |field: &str, expected: &str, got: &str| {
        PublicError::new(Code::InvalidRequest, format!("{field}: must be {expected}, got `{got}`")).at(field)
    };
    let ListQuery { limit, after, .. } = ListQuery::read(query, INPUT_ITEMS)?;
    let ascending = match parameter(query, &["order"]).as_deref() {
        Some("asc") => true,
        None | Some("desc") => false,
        Some(other) => return Err(wrong("order", "`asc` or `desc`", other)),
    };
    let input = Items::parse(stored.input.as_bytes())?;
    let mut items: Vec<&str> = input.iter().collect();
    // The API lists the newest first unless `order=asc`.
    if !ascending {
        items.reverse();
    }
    if let Some(after) = after {
        let place = items.iter().position(|item| id_of(item).as_deref() == Some(after.as_str()));
        let place = place.ok_or_else(|| wrong("after", "the id of an input item", &after))?;
        items.drain(..=place);
    }
    let all = items.len();
    items.truncate(limit);
    let (mut first, mut bytes) = (true, 0);
    // The first is shown however long it is, or nobody would come to the next.
    let fits = |item: &&str| {
        bytes += item.len();
        std::mem::take(&mut first) || bytes <= bounds::PAGE
    };
    let items: Vec<&str> = items.into_iter().take_while(fits).collect();
    let has_more = items.len() < all;
    let unreadable = |_| PublicError::new(Code::Internal, "the stored input can't be read");
    let data = items.iter().map(|item| serde_json::from_str(item)).collect::<Result<_, _>>().map_err(unreadable)?;
    let (first_id, last_id) = (items.first().copied().and_then(id_of), items.last().copied().and_then(id_of));
    serde_json::to_string(&Page { object: "list", data, first_id, last_id, has_more }).map_err(unreadable)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;
    use baton_model::entity::Owner;
    use baton_model::{ModelId, Timestamp};
    use serde_json::Value;

    /// Three items of 3 MiB are more than a page.
    #[test]
    fn a_page_of_input_items_ends_before_it_is_too_large() {
        let item = |id: &str| json!({ "id": id, "type": "message", "content": "x".repeat(3 << 20) });
        let stored = StoredResponse {
            id: "resp_1".into(),
            owner: Owner::default(),
            model: ModelId::from("m"),
            input: json!([item("a"), item("b"), item("c")]).to_string(),
            response: "{}".into(),
            created_at: Timestamp(0),
            expires_at: Timestamp(0),
        };
        let page = |query: &str| {
            let text = list(&stored, Some(query)).unwrap();
            assert!(text.len() <= bounds::PAGE, "{}", text.len());
            let json: Value = serde_json::from_str(&text).unwrap();
            let ids: String =
                json["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
            (ids, json["has_more"] == true)
        };
        assert_eq!(page("limit=100"), ("cb".to_owned(), true));
        assert_eq!(page("limit=100&after=b"), ("a".to_owned(), false));
    }
}
