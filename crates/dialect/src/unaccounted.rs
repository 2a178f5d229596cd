//! What a provider's usage report counts that nobody accounts for: vendors add classes, and a record must not look exact
//! while one is missing.

use crate::json::{JsonValue, Node};

/// How deep reports are looked into; the deepest known ones have three levels.
const DEPTH: usize = 4;

/// The ends of names of members that count something which may be billed. What measures speed or money ends otherwise
/// (`tokens_per_second`, `total_time`, `cost_details`).
const COUNTS: [&str; 15] = [
    "tokens",
    "tokencount",
    "requests",
    "queries",
    "searches",
    "seconds",
    "minutes",
    "hours",
    "characters",
    "images",
    "pixels",
    "pages",
    "calls",
    "sessions",
    "used",
];

/// What a format's reports are known to count.
pub(crate) struct KnownUsage {
    /// The members that are accounted for, or are parts of others that are.
    pub counted: &'static [&'static str],
    /// The members that are looked at elsewhere, or bill nothing, with all that is in them.
    pub skipped: &'static [&'static str],
}

impl KnownUsage {
    /// The first member of a report that counts something, is not zero and not known: its name, with those of the
    /// objects around it.
    pub(crate) fn unaccounted(&self, usage: &Node<'_>) -> Option<String> {
        self.find(usage, DEPTH)
    }

    fn find(&self, node: &Node<'_>, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        match node.value() {
            JsonValue::Object(members) => members.iter().find_map(|(name, value)| {
                let name = name.as_ref();
                if self.skipped.contains(&name) || self.counted.contains(&name) {
                    return None;
                }
                if value.count() > 0 {
                    return counts(name).then(|| name.to_owned());
                }
                self.find(value, depth).map(|inner| format!("{name}.{inner}"))
            }),
            JsonValue::Array(items) => items.iter().find_map(|item| self.find(item, depth)),
            _ => None,
        }
    }
}

fn counts(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    COUNTS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const KNOWN: KnownUsage = KnownUsage { counted: &["input_tokens"], skipped: &["context_details"] };

    #[test]
    fn what_counts_and_is_not_known_is_found() {
        for (json, expected) in [
            (r#"{"input_tokens":3,"total_time":4.5,"tokens_per_second":7,"cost":2}"#, None),
            (r#"{"input_tokens":3,"premium_tokens":0}"#, None),
            (r#"{"context_details":{"odd_tokens":3}}"#, None),
            (r#"{"premium_tokens":1}"#, Some("premium_tokens")),
            (
                r#"{"server_tool_use":{"input_tokens":1,"web_fly_requests":2}}"#,
                Some("server_tool_use.web_fly_requests"),
            ),
            (r#"{"models":[{"input_tokens":1},{"tokenCount":2}]}"#, Some("models.tokenCount")),
            // Deeper than any report is.
            (r#"{"a":{"b":{"c":{"d":{"odd_tokens":2}}}}}"#, None),
        ] {
            assert_eq!(KNOWN.unaccounted(&Node::parse(json.as_bytes()).unwrap()).as_deref(), expected, "{json}");
        }
    }
}
