//! What a request is written for.

/// What a request is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be replied to.
    Answer,
    /// To have its tokens counted: options about the reply are refused there.
    Count,
}
