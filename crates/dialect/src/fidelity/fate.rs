//! What becomes of fields in a format.

use super::{reply, request};
use baton_model::UsageClass;

/// What becomes of a field in a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The format has a word for it.
    Kept,
    /// The format has a word for some of it, and the rest is listed as dropped: which.
    Partly(&'static str),
    /// It is expressed differently: how.
    Emulated(&'static str),
    /// It can't be said: why, or what the format has instead.
    Dropped(&'static str),
}

/// What a format says of requests and replies.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    /// Of a request's fields.
    pub request: fn(request::Field) -> Fate,
    /// Of a reply's fields.
    pub reply: fn(reply::Field) -> Fate,
    /// Of a reply's usage: among which class it is counted; `None` where the format does not report it.
    pub counted_as: fn(UsageClass) -> Option<UsageClass>,
}
