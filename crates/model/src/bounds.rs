//! How much of everything is kept: the longest fields, the longest lists. A field that somebody outside can fill has its
//! bound here, and nowhere else; the table in `docs/limits.md` is made from [`ALL`].
//!
//! What a client or operator sends beyond a bound is refused by the field's name. What a provider sends beyond it is
//! truncated or left out, because nobody is there who could be told.

use std::fmt;

/// An id that is no model's: a user, project, task, tag, key; in bytes.
pub const ID: usize = 256;
/// A name for people, in characters.
pub const NAME: usize = 256;
/// A sentence or two for people, in characters.
pub const TEXT: usize = 2048;
/// An address, in bytes.
pub const URL: usize = 2048;
/// What a provider calls a model, in bytes.
pub const UPSTREAM: usize = 512;
/// A JSON object of the client's or operator's own, in bytes.
pub const JSON_BYTES: usize = 16 << 10;
/// Its members.
pub const JSON_KEYS: usize = 64;
/// Fallbacks of a request or of a model. Each may be tried in turn, with retries of its own.
pub const FALLBACKS: usize = 16;
/// A message of a WebSocket, in bytes. So much memory is counted for each connection as long as it lasts.
pub const MESSAGE: usize = 8 << 20;
/// Tags of a request.
pub const TAGS: usize = 32;
/// Models, projects or networks that a key names.
pub const KEY_LIST: usize = 256;
/// All of them together, in bytes.
// Two lists of 256 names of 256 bytes would be 128 KiB, more than a page (see `PAGE`) counts on.
pub const KEY_LIST_BYTES: usize = 24 << 10;
/// Headers that are sent with every request to a provider.
pub const HEADERS: usize = 32;
/// The value of such a header, in bytes.
pub const HEADER: usize = 4096;
/// Tiers of a price, of each kind.
pub const TIERS: usize = 16;
/// A list of prices that is taken over, in bytes. LiteLLM's has four million.
pub const CATALOGUE_BYTES: usize = 16 << 20;
/// Its models.
pub const CATALOGUE: usize = 20_000;
/// Prices that the operator has set.
pub const PRICES: usize = 10_000;
/// Budgets that are registered; limits too.
pub const POLICIES: usize = 10_000;
/// Members of a project.
pub const MEMBERS: usize = 1_000;
/// Users for whom something is set.
pub const USERS: usize = 100_000;
/// Values of a field in the scope of a budget or limit.
pub const SCOPE_VALUES: usize = 256;
/// All values of a scope together, in bytes: a page of policies has to fit [`PAGE`].
pub const SCOPE_BYTES: usize = 24 << 10;
/// Parts of a budget at which events are sent.
pub const ALERTS: usize = 16;
/// Amounts that the report on an update names, and models that it has added.
pub const PRICE_CHANGES: usize = 1_000;
/// Parameters that a model or provider refuses.
pub const REFUSES: usize = 64;
/// The body of a call that changes what is registered, in bytes.
pub const CHANGE: usize = 1 << 20;
/// A parameter of a query, in bytes.
pub const PARAMETER: usize = 2048;
/// The sentence of an error, as far as it is kept, in characters.
pub const ERROR: usize = 2048;
/// Models of one provider that are taken over from its own list.
pub const DISCOVERED: usize = 10_000;
/// A page of a list, in bytes. One that would be longer ends earlier. A hundred of anything that is registered fit: none
/// is longer than 80 KiB.
pub const PAGE: usize = 8 << 20;
/// An object of a provider (a file, a batch) as a list shows it, in bytes. Several are read at once.
pub const LISTED_OBJECT: usize = 1 << 20;
/// Rows of the totals.
pub const TOTALS: usize = 10_000;
/// The id of a command: its request gets it as a tag, which has a word in front.
pub const COMMAND: usize = ID - "command:".len();
/// The reply to a command that is kept for its repetition, in bytes.
pub const COMMAND_REPLY: usize = 1 << 20;
/// Wrong fields that one error names.
pub const FAULTS: usize = 100;

/// A bound, for the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentedBound {
    /// What it bounds.
    pub subject: &'static str,
    /// How much.
    pub most: Maximum,
    /// What happens beyond it.
    pub beyond: BeyondBound,
}

/// How much there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maximum {
    /// So many bytes.
    Bytes(usize),
    /// So many characters.
    Characters(usize),
    /// So many entries.
    Entries(usize),
    /// A JSON object of so many bytes and so many members.
    Object(usize, usize),
}

/// What happens to what is longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeyondBound {
    /// A request is refused.
    Refused,
    /// A call of the management API is refused.
    Invalid,
    /// A body is refused.
    TooLarge,
    /// A token is refused.
    NoToken,
    /// It came from a provider, and somebody waits for it.
    ProviderFails,
    /// It came over a bus.
    DeadLetter,
    /// It is cut: nobody is there who could be told.
    Cut,
    /// The page ends earlier.
    Paged,
    /// The connection is closed.
    Closed,
}

impl fmt::Display for BeyondBound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "400, names the field",
            Self::Invalid => "422, names the field",
            Self::TooLarge => "413",
            Self::NoToken => "401",
            Self::ProviderFails => "502",
            Self::DeadLetter => "the command is a dead letter",
            Self::Cut => "it is truncated",
            Self::Paged => "the page ends earlier",
            Self::Closed => "the connection is closed",
        })
    }
}

use BeyondBound::{Cut, DeadLetter, Invalid, NoToken, Paged, ProviderFails, Refused, TooLarge};
use Maximum::{Bytes, Characters, Entries, Object};

const fn bound(subject: &'static str, most: Maximum, beyond: BeyondBound) -> DocumentedBound {
    DocumentedBound { subject, most, beyond }
}

/// All of them, in the order in which documents list them.
pub const ALL: [DocumentedBound; 56] = [
    bound("Requests: `metadata`", Object(JSON_BYTES, JSON_KEYS), Refused),
    bound("Requests: `user_id`, `project_id`, `task_id`", Bytes(ID), Refused),
    bound("Requests: `x-baton-user`, `x-baton-project`", Bytes(ID), Refused),
    bound("Requests: `x-baton-tags`", Entries(TAGS), Refused),
    bound("Requests: a tag", Bytes(ID), Refused),
    bound("Requests: `fallbacks`, `x-baton-fallbacks`", Entries(FALLBACKS), Refused),
    bound("Requests: `file_url`", Bytes(URL), Refused),
    bound("Requests: a message of a WebSocket", Bytes(MESSAGE), BeyondBound::Closed),
    bound("Feedback: `comment`", Characters(TEXT), Invalid),
    bound("Tokens: a claim that names a user, project, key or model", Bytes(ID), NoToken),
    bound("Models: `model_id`", Bytes(ID), Invalid),
    bound("Models: `upstream`", Bytes(UPSTREAM), Invalid),
    bound("Models: `display_name`", Characters(NAME), Invalid),
    bound("Models: `description`", Characters(TEXT), Invalid),
    bound("Models: `fallbacks`", Entries(FALLBACKS), Invalid),
    bound("Models: `configuration`, `metadata`, each", Object(JSON_BYTES, JSON_KEYS), Invalid),
    bound("Prices: those that the operator has set", Entries(PRICES), Invalid),
    bound("Updates of prices: the list", Bytes(CATALOGUE_BYTES), TooLarge),
    bound("Updates of prices: its models", Entries(CATALOGUE), Invalid),
    bound("Prices: `context_tiers`, `service_tiers`, `regions`, `periods`, each", Entries(TIERS), Invalid),
    bound("Models: the name of a service tier, an entry of `quirks.refuses` or `quirks.accepts`", Bytes(ID), Invalid),
    bound("Models: `quirks.refuses`, `quirks.accepts`", Entries(REFUSES), Invalid),
    bound("Models that a provider lists", Entries(DISCOVERED), Cut),
    bound("Keys: `name`", Characters(NAME), Invalid),
    bound("Keys: `project_id`, `user_id`, an entry of `models` or `projects`", Bytes(ID), Invalid),
    bound("Keys: `models`, `projects`, `addresses`, each", Entries(KEY_LIST), Invalid),
    bound("Keys: `models`, `projects`, each, all entries together", Bytes(KEY_LIST_BYTES), Invalid),
    bound("Projects: `id`", Bytes(ID), Invalid),
    bound("Projects: `name`", Characters(NAME), Invalid),
    bound("Projects: `metadata`", Object(JSON_BYTES, JSON_KEYS), Invalid),
    bound("Projects: `members`", Entries(MEMBERS), Invalid),
    bound("Users that are registered", Entries(USERS), Invalid),
    bound("Budgets, and limits, that are registered, each", Entries(POLICIES), Invalid),
    bound("Budgets: `budget_id`; limits: `limit_id`", Bytes(ID), Invalid),
    bound("Budgets, limits: the values of a field of `scope`", Entries(SCOPE_VALUES), Invalid),
    bound("Budgets, limits: a value in `scope`", Bytes(ID), Invalid),
    bound("Budgets, limits: all values in `scope` together", Bytes(SCOPE_BYTES), Invalid),
    bound("Budgets: `alerts`", Entries(ALERTS), Invalid),
    bound("Providers: `name`", Bytes(64), Invalid),
    bound("Providers: `base_url`, `query`, each", Bytes(URL), Invalid),
    bound("Providers: `api_key`", Bytes(HEADER), Invalid),
    bound("Providers: `headers`", Entries(HEADERS), Invalid),
    bound("Providers: the name of a header", Bytes(ID), Invalid),
    bound("Providers: the value of a header", Bytes(HEADER), Invalid),
    bound("Providers: `default_model`", Bytes(ID), Invalid),
    bound("Webhooks: `url`", Bytes(URL), Invalid),
    bound("Bodies of the management API", Bytes(CHANGE), TooLarge),
    bound("A parameter of the management API's queries", Bytes(PARAMETER), Invalid),
    bound("Errors of providers, in records and events", Characters(ERROR), Cut),
    bound("Ids of files, batches and responses that a provider gives", Bytes(ID), ProviderFails),
    bound("An object in the lists of files and batches", Bytes(LISTED_OBJECT), ProviderFails),
    bound("Commands: `id`", Bytes(COMMAND), DeadLetter),
    bound("Commands: a reply, for when the command comes again", Bytes(COMMAND_REPLY), Cut),
    bound("A page of a list", Bytes(PAGE), Paged),
    bound("Rows of `GET /api/usage`", Entries(TOTALS), Refused),
    bound("Wrong fields in `details.errors`", Entries(FAULTS), Cut),
];

impl Maximum {
    /// Whether a text is within it.
    ///
    /// # Errors
    /// What is expected, as a sentence that follows the field's name. It does not repeat the text.
    pub fn check(self, text: &str) -> Result<(), String> {
        let length = match self {
            Self::Bytes(_) | Self::Object(..) | Self::Entries(_) => text.len(),
            // A character has at least one byte, so a text of few bytes need not be counted.
            Self::Characters(most) if text.len() <= most => return Ok(()),
            Self::Characters(_) => text.chars().count(),
        };
        self.check_length(length)
    }

    /// Whether so many are within it.
    ///
    /// # Errors
    /// As of [`Self::check`].
    pub fn check_length(self, length: usize) -> Result<(), String> {
        let (Self::Bytes(most) | Self::Characters(most) | Self::Entries(most) | Self::Object(most, _)) = self;
        if length <= most {
            return Ok(());
        }
        Err(match self {
            Self::Entries(_) => format!("must have at most {most} entries, got {length}"),
            Self::Characters(_) => format!("must have at most {most} characters, got {length}"),
            Self::Bytes(_) => format!("must be at most {most} bytes, got {length}"),
            Self::Object(..) => format!("must be at most {most} bytes of JSON, got {length}"),
        })
    }

    /// Whether an object with so many members is within it.
    ///
    /// # Errors
    /// As of [`Self::check`].
    pub fn check_keys(self, keys: usize) -> Result<(), String> {
        match self {
            Self::Object(_, most) if keys > most => Err(format!("must have at most {most} keys, got {keys}")),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Maximum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn size(bytes: usize) -> String {
            match bytes {
                bytes if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
                bytes if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
                bytes => format!("{bytes} bytes"),
            }
        }
        match self {
            Self::Bytes(most) => write!(f, "{}", size(*most)),
            Self::Characters(most) => write!(f, "{most} characters"),
            Self::Entries(most) => write!(f, "{most} entries"),
            Self::Object(most, keys) => write!(f, "{} of JSON, {keys} keys", size(*most)),
        }
    }
}

/// As much of a text as is within so many characters. What is cut ends with `…`.
pub fn truncate(text: &str, most: usize) -> std::borrow::Cow<'_, str> {
    // There are never more characters than bytes, and most texts are short.
    if text.len() <= most {
        return text.into();
    }
    // By characters: a cut between the bytes of one would be no text.
    match text.char_indices().nth(most) {
        // The mark counts too.
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect::<String>().into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_is_named_and_not_repeated() {
        assert_eq!(Bytes(4).check("éé"), Ok(()));
        assert_eq!(Bytes(4).check("éée"), Err("must be at most 4 bytes, got 5".to_owned()));
        assert_eq!(Characters(2).check("éé"), Ok(()));
        assert_eq!(Characters(2).check("ééé"), Err("must have at most 2 characters, got 3".to_owned()));
        assert_eq!(Entries(1).check_length(2), Err("must have at most 1 entries, got 2".to_owned()));
        assert_eq!(Object(9, 1).check_keys(2), Err("must have at most 1 keys, got 2".to_owned()));
        assert_eq!(Object(9, 1).check("{\"a\":\"bc\"}"), Err("must be at most 9 bytes of JSON, got 10".to_owned()));
        assert_eq!(Object(16 << 10, 64).to_string(), "16 KiB of JSON, 64 keys");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(truncate("ééé", 3), "ééé");
        assert_eq!(truncate("éééé", 3), "éé…");
        assert_eq!(truncate("", 3), "");
    }
}
