//! What can be made to go wrong.

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SimFault {
    /// An error reply with that status, in the vendor's shape: `fail-401`, `fail-429`, `fail-500`, `fail-503`,
    /// `fail-529` and any other.
    Status(u16),
    /// The prompt does not fit: 400 in the vendor's words.
    Context,
    /// The account has no money left.
    Quota,
    /// A web page with status 200.
    Html,
    /// Status 200 with a media type that is no JSON.
    WrongType,
    /// A whole reply, cut in half though HTTP says it is complete.
    Truncated,
    /// A line without end.
    EndlessLine,
    /// Status 204.
    Empty204,
    /// A redirect to another host, with a secret in its query.
    Redirect,
    /// The vendor's error body with status 200.
    Error200,
    /// A stream opens, says its role, and then says an error.
    ErrorBeforeContent,
    /// A stream says an error after two tokens.
    ErrorMidStream,
    /// A stream breaks off after two tokens: the connection is closed inside the body.
    CutMidStream,
    /// A stream ends after two tokens, properly for HTTP, but without the format's end.
    NoEnd,
    /// A stream has two tokens, and then something that is not of the format.
    GarbageMidStream,
    /// A stream stops after two tokens, and the connection stays open.
    HangMidStream,
    /// There is never a reply.
    Hang,
    /// The connection is closed when the request was read, without a word.
    Reset,
    /// A stream comes where a whole reply was asked for.
    AlwaysStream,
    /// Status 503, with a body that comes drop by drop and never ends.
    DrippingError,
    /// Each token takes 200 milliseconds.
    Slow,
}

impl SimFault {
    /// All that have a fixed name, and that name.
    pub const NAMED: [(&'static str, Self); 20] = [
        ("fail-context", Self::Context),
        ("fail-quota", Self::Quota),
        ("html", Self::Html),
        ("wrong-type", Self::WrongType),
        ("truncated", Self::Truncated),
        ("endless-line", Self::EndlessLine),
        ("empty-204", Self::Empty204),
        ("redirect", Self::Redirect),
        ("error-200", Self::Error200),
        ("error-before-content", Self::ErrorBeforeContent),
        ("error-mid-stream", Self::ErrorMidStream),
        ("cut-mid-stream", Self::CutMidStream),
        ("no-end", Self::NoEnd),
        ("garbage-mid-stream", Self::GarbageMidStream),
        ("hang-mid-stream", Self::HangMidStream),
        ("hang", Self::Hang),
        ("reset", Self::Reset),
        ("dripping-error", Self::DrippingError),
        ("always-stream", Self::AlwaysStream),
        ("slow", Self::Slow),
    ];

    /// The fault of that name: one of [`Self::NAMED`], or `fail-` and a status.
    pub fn lookup(name: &str) -> Option<Self> {
        if let Some((_, fault)) = Self::NAMED.into_iter().find(|(known, _)| *known == name) {
            return Some(fault);
        }
        let status = name.strip_prefix("fail-")?.parse().ok()?;
        // A model may be called `fail-over`.
        (400..600).contains(&status).then_some(Self::Status(status))
    }
}
