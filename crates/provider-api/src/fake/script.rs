//! What a fake provider replies.

use crate::{Frame, ProviderError};
use baton_model::{FinishReason, ReplyEvent, Usage};
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// What a call to a [`FakeProvider`](super::FakeProvider) leads to.
#[derive(Debug, Clone)]
pub enum FakeAct {
    /// A reply.
    Reply(FakeReply),
    /// An error in place of a reply.
    Fail(ProviderError),
    /// Nothing, ever.
    Hang,
    /// The act, once the test says so.
    After(Arc<Notify>, Box<FakeAct>),
}

/// A scripted reply.
#[derive(Debug, Clone, Default)]
pub struct FakeReply {
    /// The frames, in order. Each comes as soon as it is asked for.
    pub frames: Vec<Frame>,
    /// What comes after them.
    pub then: FakeEnd,
    /// Whole even if a stream was asked.
    pub whole: bool,
    /// Headers of the reply.
    pub headers: Vec<(String, String)>,
    /// What could not be said.
    pub dropped: Vec<String>,
}

/// What comes after the frames of an [`FakeReply`].
#[derive(Debug, Clone, Default)]
pub enum FakeEnd {
    /// The end.
    #[default]
    End,
    /// An error.
    Fail(ProviderError),
    /// Nothing, ever.
    Hang,
}

impl From<FakeReply> for FakeAct {
    fn from(reply: FakeReply) -> Self {
        Self::Reply(reply)
    }
}

impl From<ProviderError> for FakeAct {
    fn from(error: ProviderError) -> Self {
        Self::Fail(error)
    }
}

impl FakeReply {
    /// These frames, and the end.
    pub fn new(frames: Vec<Frame>) -> Self {
        Self { frames, ..Self::default() }
    }

    /// Text in these pieces, a frame each; then why it finished, the usage, and the end. The bytes of a frame are its
    /// piece; the frames of names, usage and end hold `<start>`, `<usage>` and `<end>`.
    pub fn text(pieces: &[&str], usage: Usage) -> Self {
        let frame = |bytes: &str, events| {
            let bytes = Bytes::copy_from_slice(bytes.as_bytes());
            Frame { bytes, hidden: false, events }
        };
        let text = |piece: &&str| frame(piece, vec![ReplyEvent::Text { choice: 0, text: (*piece).to_owned() }]);
        let mut frames = vec![frame("<start>", vec![ReplyEvent::Started(baton_model::event::ReplyStart::default())])];
        frames.extend(pieces.iter().map(text));
        let finished = ReplyEvent::Finished { choice: 0, reason: FinishReason::Stop, stop_sequence: None };
        frames.push(frame("<usage>", vec![finished, ReplyEvent::Usage(usage)]));
        frames.push(frame("<end>", vec![ReplyEvent::Ended]));
        Self::new(frames)
    }

    /// The same up to its first `n` frames, and then this.
    #[must_use]
    pub fn cut(mut self, n: usize, then: FakeEnd) -> Self {
        self.frames.truncate(n);
        self.then = then;
        self
    }
}

/// Counts a call that is dropped before its end.
pub(super) struct Guard {
    pub(super) cancelled: Arc<AtomicUsize>,
    pub(super) done: bool,
}

impl Guard {
    pub(super) fn finish(mut self) {
        self.done = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.done {
            self.cancelled.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The frames of a reply, and what comes after them.
pub(super) fn play(
    frames: Vec<Frame>,
    then: FakeEnd,
    guard: Guard,
) -> BoxStream<'static, Result<Frame, ProviderError>> {
    let start = (VecDeque::from(frames), Some((then, guard)));
    stream::unfold(start, |(mut frames, mut rest)| async move {
        if let Some(frame) = frames.pop_front() {
            return Some((Ok(frame), (frames, rest)));
        }
        let (then, guard) = rest.take()?;
        match then {
            FakeEnd::End => {
                guard.finish();
                None
            }
            FakeEnd::Fail(error) => {
                guard.finish();
                Some((Err(error), (frames, None)))
            }
            // The guard waits too: it counts the drop.
            FakeEnd::Hang => {
                let _guard = guard;
                std::future::pending().await
            }
        }
    })
    .boxed()
}
