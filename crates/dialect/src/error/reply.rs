//! An error reply, ready to be sent.

/// An error reply in a client's format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReply {
    /// HTTP status, as the SDKs of that format expect it for this kind of error.
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
}
