//! The query of a list in the shapes of OpenAI and Anthropic.

use baton_model::{Code, PublicError};

/// The most that is asked of a list of models, files or batches: what Anthropic's API takes, and more than OpenAI's clients
/// ask for.
pub const LONGEST_LIST: usize = 1000;

/// What a query asks of a list.
pub struct ListQuery {
    /// At most so many.
    pub limit: usize,
    /// Those after that one.
    pub after: Option<String>,
    /// Those before that one.
    pub before: Option<String>,
}

impl ListQuery {
    /// Reads `limit` (at most `most`), `after_id` (OpenAI: `after`) and `before_id`.
    ///
    /// # Errors
    /// `invalid_request` for a limit that is none.
    pub fn read(query: Option<&str>, most: usize) -> Result<Self, PublicError> {
        let get = |names: &[&str]| parameter(query, names);
        let limit = match get(&["limit"]) {
            None => 20,
            Some(text) => text.parse().ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
                PublicError::new(Code::InvalidRequest, format!("limit: expected 1 to {most}, got {text}")).at("limit")
            })?,
        };
        Ok(Self { limit, after: get(&["after_id", "after"]), before: get(&["before_id"]) })
    }
}

/// The value of the first parameter of one of these names.
pub fn parameter(query: Option<&str>, names: &[&str]) -> Option<String> {
    let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| names.contains(name)).map(|(_, value)| {
        // Ids of models hold slashes and colons, which SDKs escape.
        percent_encoding::percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LIST, ListQuery};

    #[test]
    fn queries_are_read() {
        let asked = ListQuery::read(Some("limit=3&after_id=groq%2Fllama%3A8b&beta=true"), LONGEST_LIST)
            .map(|asked| (asked.limit, asked.after));
        assert_eq!(asked, Ok((3, Some("groq/llama:8b".to_owned()))));
        for wrong in ["limit=0", "limit=1001", "limit=x", "limit=-1"] {
            assert!(ListQuery::read(Some(wrong), LONGEST_LIST).is_err(), "{wrong}");
        }
    }
}
