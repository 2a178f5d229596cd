//! Ids of end users, which some vendors want opaque.

use super::names::hash;
use super::rules::Profile;

/// The id as the target takes it; `None` if it may go as it is.
pub(super) fn hide_user(profile: &Profile, user: &str) -> Option<String> {
    let too_long = profile.user.is_some_and(|most| user.chars().count() > most);
    let named = profile.opaque_user && (is_address(user) || is_telephone(user));
    // A hash has 64 digits.
    (too_long || named).then(|| hash(user, profile.user.map_or(64, |most| most.min(64))))
}

fn is_address(text: &str) -> bool {
    let Some((name, host)) = text.trim().rsplit_once('@') else { return false };
    !name.is_empty() && host.contains('.') && !host.chars().any(char::is_whitespace)
}

/// Digits as people write a number: with a plus in front or with gaps. Digits alone may be a key of a database.
fn is_telephone(text: &str) -> bool {
    let text = text.trim();
    let written = text.chars().all(|c| c.is_ascii_digit() || " +-()./".contains(c));
    let digits = text.chars().filter(char::is_ascii_digit).count();
    // The longest number has 15 digits (E.164). Fewer than seven may be anything.
    written && (7..=15).contains(&digits) && text.chars().any(|c| !c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_model::{Dialect, Quirks};

    #[test]
    fn addresses_and_numbers_are_hidden_where_the_vendor_wants_it() {
        let anthropic = Profile::new(Dialect::Anthropic, &Quirks::default());
        let openai = Profile::new(Dialect::OpenAi, &Quirks::default());
        for (user, hidden, long) in [
            ("jane@example.org", true, false),
            ("+49 30 901820", true, false),
            ("1234567890", false, false),
            ("user@host", false, false),
            ("5f0c8f4e-3b52-4d3c-9a52-0f6f8a1a2b3c", false, false),
            (&"a".repeat(65), false, true),
            (&"a".repeat(257), true, true),
        ] {
            assert_eq!(hide_user(&anthropic, user).is_some(), hidden, "{user}");
            assert_eq!(hide_user(&openai, user).is_some(), long, "{user}");
        }
        assert_eq!(hide_user(&openai, &"a".repeat(65)).map(|user| user.len()), Some(64));
    }
}
