//! Texts become numbers of tokens.
//!
//! OpenAI's models count exactly, by the two published encodings. The others publish none: they are estimated as
//! o200k times a factor. The factors are derived, not measured: Claude's documentation says that o200k falls short by
//! 15 to 20 percent for models up to Opus 4.6, and that the tokenizer since Opus 4.7 makes about 30 percent more. On
//! recorded plain conversations the first came out 5 to 10 percent high: as an estimate before a call should.

mod encoding;
mod family;
mod table;

pub use encoding::Tokenizer;
pub(crate) use family::bare_name;

impl Tokenizer {
    /// The tokenizer of a model, by what its provider calls it. A `hint` that names a tokenizer wins; one that names
    /// none is passed over.
    pub fn for_model(upstream: &str, hint: Option<&str>) -> Self {
        // A hint that is wrong must not fail a request: it only makes the estimate worse.
        hint.and_then(Self::lookup).unwrap_or_else(|| family::tokenizer(upstream))
    }
}
