//! How tokens are counted here.
//!
//! A token is a word with the whitespace before it. That is no vendor's rule, but one that a test can do in its head.
//! A prompt costs the words of all its texts, [`PER_MESSAGE`] for each message, [`PER_IMAGE`] for each image, and
//! the words of each tool's definition as compact JSON.

/// What a message costs beside its words.
pub const PER_MESSAGE: u64 = 4;

/// What an image costs.
pub const PER_IMAGE: u64 = 85;

/// The tokens of a text, in order; together they are the text.
pub fn split(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        let after = rest.get(word..).unwrap_or_default();
        let end = word + after.find(char::is_whitespace).unwrap_or(after.len());
        let (token, left) = rest.split_at(end);
        tokens.push(token);
        rest = left;
    }
    tokens
}

/// How many tokens a text has.
pub fn count(text: &str) -> u64 {
    u64::try_from(split(text).len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_together_are_the_text() {
        for (text, expected) in [("", 0), ("one", 1), ("one two", 2), (" a\n b  ", 3), ("日本 語", 2)] {
            assert_eq!(split(text).concat(), text);
            assert_eq!(count(text), expected, "{text:?}");
        }
    }
}
