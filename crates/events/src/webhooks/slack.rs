//! Sentences as incoming webhooks of Slack, Mattermost and Rocket.Chat take them.
//!
//! Reference: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks> and
//! <https://docs.slack.dev/messaging/formatting-message-text>.

use serde_json::json;

/// The longest value in a message, in characters. Slack cuts messages at 40,000; nobody reads a name of 300.
const VALUE: usize = 300;

/// The body that posts a sentence.
pub fn body(sentence: &str) -> String {
    // Only `text`: the three services have no other field in common.
    json!({ "text": escape(sentence) }).to_string()
}

/// A text with the three characters replaced that Slack reads as the beginning of a link or mention (`<!channel>`).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A value from outside, as code: no service reads markup, links or names of people in it. One line, and not too long.
pub fn code(value: &str) -> String {
    let mut code = String::from("`");
    // The character before decides whether an `@` calls somebody.
    let mut before = ' ';
    for character in value.chars().take(VALUE) {
        match character {
            // It would end the code.
            '`' => code.push('\''),
            other if other.is_control() || matches!(other, '\u{2028}' | '\u{2029}') => code.push(' '),
            other => code.push(other),
        }
        // Mattermost and Rocket.Chat call everybody for `@all` where a client names itself so. An address (`ann@example.com`)
        // calls nobody and stays as it is, to be copied.
        if character == '@' && !before.is_alphanumeric() {
            code.push('\u{200b}');
        }
        before = character;
    }
    if value.chars().nth(VALUE).is_some() {
        code.push('…');
    }
    code.push('`');
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_outside_do_nothing_but_stand_there() {
        for (value, expected) in [
            ("ann@example.com", "`ann@example.com`"),
            ("<!channel> & <https://a|b>", "`&lt;!channel&gt; &amp; &lt;https://a|b&gt;`"),
            ("&lt;", "`&amp;lt;`"),
            ("@all @here x@y", "`@\u{200b}all @\u{200b}here x@y`"),
            ("`*bold*`\r\n> quote\u{2028}", "`'*bold*'  &gt; quote `"),
            ("\u{0}\u{1b}[31m", "`  [31m`"),
            ("", "``"),
        ] {
            assert_eq!(escape(&code(value)), expected, "{value:?}");
        }
        assert_eq!(code(&"é".repeat(301)), format!("`{}…`", "é".repeat(300)));
        assert_eq!(body("\"a\" < b\n"), r#"{"text":"\"a\" &lt; b\n"}"#);
    }
}
