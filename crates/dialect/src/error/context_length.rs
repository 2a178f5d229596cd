//! A prompt that is too long, in the vendors' own words: by them alone do agents know that they have to shorten the
//! conversation, and go on.

use baton_model::{Code, PublicError};

/// How long a prompt is, and how long it may be, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContextLength {
    pub(crate) tokens: u64,
    pub(crate) limit: u64,
}

impl ContextLength {
    /// The numbers of an error: Baton's own, or those in a provider's message. `None` if it is another error, or says
    /// none.
    pub(crate) fn of(error: &PublicError) -> Option<Self> {
        if error.code != Code::TokenLimitExceeded {
            return None;
        }
        let detail = |name: &str| {
            error.details.iter().find(|(detail, _)| *detail == name).and_then(|(_, value)| value.0.parse().ok())
        };
        match (detail("tokens"), detail("token_limit")) {
            (Some(tokens), Some(limit)) => Some(Self { tokens, limit }),
            _ => Self::in_words(&error.message),
        }
    }

    /// The two first numbers that can be lengths of prompts; Anthropic adds prompt and reply, `188240 + 21333 > 200000`.
    fn in_words(message: &str) -> Option<Self> {
        // A number of a model's name (`gpt-4-32k`) stands within a word.
        let words = message.split(|c: char| c.is_whitespace() || "(),".contains(c));
        let mut numbers = words.filter_map(|word| word.trim_end_matches(['.', ';', ':']).parse::<u64>().ok());
        let (first, second) = (numbers.next()?, numbers.next()?);
        let (one, other) = match numbers.next() {
            Some(third) if message.contains(&format!("{first} + {second}")) => (first.saturating_add(second), third),
            _ => (first, second),
        };
        Some(Self { tokens: one.max(other), limit: one.min(other) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_found_in_the_vendors_words() {
        for (message, tokens, limit) in [
            (
                "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
                9000,
                8192,
            ),
            (
                "This model's maximum context length is 4097 tokens, however you requested 5000 tokens (4000 in your prompt; 1000 for the completion).",
                5000,
                4097,
            ),
            ("prompt is too long: 210000 tokens > 200000 maximum", 210_000, 200_000),
            (
                "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length",
                209_573,
                200_000,
            ),
            ("request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it", 9000, 4096),
            (
                "The input token count (1000001) exceeds the maximum number of tokens allowed (1000000).",
                1_000_001,
                1_000_000,
            ),
        ] {
            let error = PublicError::new(Code::TokenLimitExceeded, message);
            assert_eq!(ContextLength::of(&error), Some(ContextLength { tokens, limit }), "{message}");
        }
        let error = PublicError::new(Code::TokenLimitExceeded, "the input of gpt-4-32k is too long");
        assert_eq!(ContextLength::of(&error), None);
        assert_eq!(ContextLength::of(&PublicError::new(Code::InvalidRequest, "1000 and 2000")), None);
    }
}
