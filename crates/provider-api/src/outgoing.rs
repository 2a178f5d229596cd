//! A request on its way to a provider.

use crate::exchange::ReplyForm;
use baton_model::{Body, Capability, Detail, Dialect, Operation, Target};
use std::time::Duration;

/// A request on its way to a provider.
#[derive(Clone, Copy)]
pub struct OutgoingRequest<'a> {
    /// Where it goes.
    pub target: &'a Target,
    /// What is asked.
    pub capability: Capability,
    /// The format to ask in, as [`Provider::dialect`](crate::Provider::dialect) returned it.
    pub dialect: Dialect,
    /// The request: the client's bytes, or its meaning.
    pub mode: Mode<'a>,
    /// The size of the client's request in bytes: how much work it is to write.
    pub size: usize,
    /// Whether it is refused if the target does not support all of it.
    pub strict: bool,
    /// Whether the reply is wanted as a stream.
    pub form: ReplyForm,
    /// How closely the reply is to be read.
    pub detail: Detail,
    /// Client headers to be passed on (lower-case name and value): `anthropic-beta`, `traceparent` and the like, chosen
    /// by the client API.
    pub headers: &'a [(String, String)],
    /// Query of the client's request to be passed on (`beta=true`), without the question mark.
    pub query: Option<&'a str>,
    /// The most time that the whole call may take, where it is less than the provider's own total.
    pub timeout: Option<Duration>,
}

/// How a request goes out.
#[derive(Clone, Copy)]
pub enum Mode<'a> {
    /// The client's own bytes with a few places changed: the target speaks the client's format.
    Passthrough(&'a Body),
    /// Written anew from its meaning.
    Translated(&'a Operation),
}
