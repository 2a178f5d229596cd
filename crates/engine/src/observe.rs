//! Who observes requests that are over: what makes traces and logs of them.

use crate::call::Call;
use baton_model::record::RequestRecord;
use baton_model::{ReplyEvent, SpanId};

/// Is told of every request that is over.
pub trait Observer: Send + Sync {
    /// A request is over. This is on its way: nothing here may wait.
    fn observe_request(&self, ended: &EndedRequest<'_>);

    /// Whether the text of replies is wanted. It costs memory and the reading of every piece.
    fn wants_replies(&self) -> bool;

    /// What became of spans so far.
    fn spans(&self) -> Spans;
}

/// A request that is over.
pub struct EndedRequest<'a> {
    /// Its record.
    pub record: &'a RequestRecord,
    /// What was asked, and its trace.
    pub call: &'a Call,
    /// The span of each attempt, if the trace is recorded.
    pub spans: &'a [SpanId],
    /// What the attempt that replied produced, if [wanted](Observer::wants_replies).
    pub reply: &'a [ReplyEvent],
}

/// What became of spans: how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spans {
    /// The collector took them.
    pub exported: u64,
    /// There was no room for them in the queue.
    pub dropped: u64,
    /// The collector was away or refused them.
    pub failed: u64,
}
