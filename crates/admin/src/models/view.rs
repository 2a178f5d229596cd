//! A model as the API shows it: its schema is its own, in `baton-model`.

use baton_model::{Model, ModelId};
use http::HeaderValue;

/// The model's version, as `ETag` and `If-Match` say it: the time of its last change.
pub fn etag(model: &Model) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{}\"", model.updated_at.0)).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The model's own address.
pub fn location(id: &ModelId) -> HeaderValue {
    let encoded = percent_encoding::utf8_percent_encode(id.as_str(), IN_PATH);
    HeaderValue::from_str(&format!("{}{encoded}", super::address::PREFIX)).unwrap_or(HeaderValue::from_static(""))
}

/// What stands in a path only encoded; `/` among it, so that `a/health` is never taken for a view of `a`.
const IN_PATH: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');
