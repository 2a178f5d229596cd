//! Keys that no log can print.

use std::fmt;

/// A key or another header value that must not be seen. Neither `Debug` nor anything else prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(String);

impl SecretValue {
    /// Takes a key, without the whitespace that files and environments put around it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().trim().to_owned())
    }

    /// The key, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The text with every occurrence of the key blotted out, and what a vendor shows of it between asterisks
    /// (`sk-proj-****abcd`).
    pub fn redact(&self, text: &str) -> String {
        // Shorter ones are no keys, and would blot out words.
        if self.0.len() < 6 {
            return text.to_owned();
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | '\\');
        let blot = |word: &str| {
            let bare = word.trim_end_matches(ends);
            // OpenAI shows the beginning and the end of a refused key, which narrows a search for it.
            if bare.contains("***") { word.replacen(bare, "[key]", 1) } else { word.to_owned() }
        };
        text.replace(&self.0, "[key]").split_inclusive(ends).map(blot).collect()
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for SecretValue {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<'de> serde::Deserialize<'de> for SecretValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::SecretValue;

    #[test]
    fn keys_are_blotted_out_whole_or_masked() {
        let key = SecretValue::new("sk-proj-0123456789abcd");
        for (text, expected) in [
            ("no key `sk-proj-0123456789abcd` here", "no key `[key]` here"),
            (
                r#"{"message":"Incorrect API key provided: sk-proj-*****abcd. Find"}"#,
                r#"{"message":"Incorrect API key provided: [key] Find"}"#,
            ),
            ("**bold** stays", "**bold** stays"),
        ] {
            assert_eq!(key.redact(text), expected);
        }
    }
}
