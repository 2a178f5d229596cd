//! Paths of OpenAI's API beside requests to models: files and batches, which a provider keeps.

pub mod batches;
pub mod files;
mod lines;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

/// `{object: "list", data, has_more, first_id, last_id}`.
fn page(items: &[Bytes], more: bool) -> Vec<u8> {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let id = |item: Option<&Bytes>| item.and_then(|item| serde_json::from_slice::<Id>(item).ok()).map(|item| item.id);
    let (first, last) = (json!(id(items.first())), json!(id(items.last())));
    let mut body = b"{\"object\":\"list\",\"data\":[".to_vec();
    body.extend_from_slice(&items.join(&b","[..]));
    body.extend_from_slice(format!("],\"first_id\":{first},\"last_id\":{last},\"has_more\":{more}}}").as_bytes());
    body
}
