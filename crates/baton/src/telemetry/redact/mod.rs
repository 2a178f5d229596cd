//! Takes out of a text what should not be read by whoever reads logs.

use regex::{Captures, Regex};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// What Baton knows to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuiltIn {
    /// Addresses of electronic mail.
    Email,
    /// Numbers of payment cards: 13 to 19 digits whose last is the right check digit.
    Card,
    /// Numbers of bank accounts (IBAN).
    Iban,
    /// Telephone numbers with a country code.
    Phone,
    /// API keys and tokens by their usual beginnings, JSON Web Tokens, `Bearer …`, private keys in PEM.
    Key,
}

impl BuiltIn {
    /// All of them, in the order in which they are applied: keys first, because a part of one may look like a number.
    pub const ALL: [Self; 5] = [Self::Key, Self::Email, Self::Iban, Self::Card, Self::Phone];

    fn pattern(self) -> &'static str {
        match self {
            Self::Email => r"[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+",
            Self::Card => r"[0-9](?:[ .-]?[0-9]){12,}",
            Self::Iban => r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?",
            Self::Phone => r"(?:\+|\b00)[1-9][0-9]{0,2}(?:[ ()./-]{0,2}[0-9]){6,14}",
            Self::Key => {
                r"(?x)
                -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY-----(?s:.*?)(?:-----END\ [A-Z\ ]*PRIVATE\ KEY-----|\z)
                | eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*
                | (?i:bearer)\s+[A-Za-z0-9._~+/=-]{8,}
                | (?: sk- | pk- | bt- | [sprw]k_ | gsk_ | xai- | gh[pousr]_ | github_pat_ | glpat- | xox[abeoprs]-
                    | hf_ | r8_ | nvapi- | pplx- | whsec_ | AIza | AKIA | ASIA ) [A-Za-z0-9_-]{12,}"
            }
        }
    }

    fn replacement(self) -> &'static str {
        match self {
            Self::Email => "[email]",
            Self::Card => "[card]",
            Self::Iban => "[iban]",
            Self::Phone => "[phone]",
            Self::Key => "[key]",
        }
    }
}

/// What is looked for, and what is written instead.
#[derive(Debug, Clone)]
pub struct Rule {
    pattern: Regex,
    with: String,
    /// Whether what was found is really meant.
    meant: fn(&str) -> bool,
}

impl Rule {
    /// One that Baton knows.
    ///
    /// # Errors
    /// Never for those that there are: a test compiles each.
    pub fn built_in(known: BuiltIn) -> Result<Self, String> {
        let meant = if known == BuiltIn::Card { has_card } else { |_: &str| true };
        Ok(Self { meant, ..Self::pattern(known.pattern(), known.replacement())? })
    }

    /// A regular expression. `replacement` stands for itself: `$1` means nothing in it.
    ///
    /// # Errors
    /// Why it is none.
    pub fn pattern(pattern: &str, with: &str) -> Result<Self, String> {
        let pattern = Regex::new(pattern).map_err(|_| "must be a regular expression".to_owned())?;
        Ok(Self { pattern, with: with.to_owned(), meant: |_| true })
    }
}

/// Rules, applied one after the other.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    rules: Vec<Rule>,
}

impl Redactor {
    /// These rules.
    pub fn new(rules: Vec<Rule>) -> Self {
        Self { rules }
    }

    /// The text without what the rules find.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.rules.iter().fold(Cow::Borrowed(text), |text, rule| {
            let replaced = rule.pattern.replace_all(&text, |found: &Captures<'_>| {
                let found = found.get(0).map_or("", |found| found.as_str());
                if (rule.meant)(found) { rule.with.clone() } else { found.to_owned() }
            });
            match replaced {
                Cow::Borrowed(_) => text,
                Cow::Owned(replaced) => Cow::Owned(replaced),
            }
        })
    }

    /// A string that is itself a document (the arguments of a tool call): escapes are read there too.
    fn nested(&self, text: &mut String) {
        if !text.trim_start().starts_with(['{', '[', '"']) {
            return;
        }
        let Ok(before) = serde_json::from_str::<Value>(text) else { return };
        let mut after = before.clone();
        self.json(&mut after);
        // Only then: written again, the document would have other blanks.
        if after != before {
            *text = after.to_string();
        }
    }

    /// A JSON document without what the rules find in its strings, names and numbers. Escapes are read first, so that
    /// nothing hides in them.
    pub fn json(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                // First: a private key without its last line is taken out up to the end of the text, and what is left
                // is no document.
                self.nested(text);
                if let Cow::Owned(replaced) = self.text(text) {
                    *text = replaced;
                }
            }
            Value::Number(number) => {
                let text = number.to_string();
                if let Cow::Owned(replaced) = self.text(&text)
                    && replaced != text
                {
                    // A card number without quotes is as secret as one with them.
                    *value = Value::String(replaced);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Value::Object(fields) => {
                // Names are redacted too, so the object is built anew.
                let read = std::mem::take(fields);
                fields.extend(read.into_iter().map(|(name, mut value)| {
                    self.json(&mut value);
                    (self.text(&name).into_owned(), value)
                }));
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

/// Whether somewhere in a run of digits stands the number of a card.
fn has_card(run: &str) -> bool {
    let digits: Vec<u32> = run.chars().filter_map(|letter| letter.to_digit(10)).collect();
    // Anywhere in the run: a card may stand next to other digits, such as an expiry date.
    (13..=19).any(|length| digits.windows(length).any(is_card))
}

/// Luhn's check digit: every second digit from the right is doubled.
fn is_card(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests;
