//! The one error of cutting.

/// A frame larger than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of the stream is larger than {limit} bytes")]
pub struct TooLong {
    /// The limit in bytes.
    pub limit: usize,
}
