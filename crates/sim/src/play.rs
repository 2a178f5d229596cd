//! Playing a reply: whole or piece by piece, well or with a fault.

use crate::faults::SimFault;
use crate::journal::{BilledTokens, RequestEntry};
use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::stream::{self, StreamExt as _};
use std::collections::VecDeque;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// After how many tokens a stream fails.
const TOKENS_BEFORE_FAULT: usize = 2;

/// A stream, ready to be played.
pub(crate) struct Script {
    pub(crate) content_type: &'static str,
    /// What opens it, without content.
    pub(crate) before: Vec<String>,
    /// The content: bytes, and how many tokens each piece costs.
    pub(crate) pieces: Vec<(String, u64)>,
    /// How many of these tokens, from the first on, are reasoning.
    pub(crate) reasoning: u64,
    /// What closes it.
    pub(crate) after: Vec<String>,
    /// The vendor's error event.
    pub(crate) error: String,
    /// Something that is not of the format.
    pub(crate) garbage: String,
}

/// The circumstances of a reply.
pub(crate) struct Stage {
    pub(crate) entry: RequestEntry,
    pub(crate) fault: Option<SimFault>,
    pub(crate) delay: Duration,
    pub(crate) stopped: CancellationToken,
    pub(crate) headers: Vec<(&'static str, String)>,
}

enum Step {
    Bytes(String, u64),
    /// What was sent before has said what it costs.
    Reported,
    Abort,
    Reset,
    Hang,
    Endless,
    Drip,
}

/// The pause between two drops of a body.
const DRIP: Duration = Duration::from_millis(50);

impl Stage {
    /// A reply in one body, billed.
    pub(crate) async fn whole(self, content_type: &str, body: impl Into<Bytes>, billed: BilledTokens) -> Response {
        let mut body: Bytes = body.into();
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay.saturating_mul(u32::try_from(billed.output).unwrap_or(u32::MAX))).await;
        }
        // Billed before it is sent, as a vendor bills what it has produced: a client that leaves pays for that.
        self.entry.bill(billed);
        match self.fault {
            Some(SimFault::Truncated) => {
                body.truncate(body.len() / 2);
                self.reply(StatusCode::OK, content_type, body)
            }
            Some(SimFault::EndlessLine) => {
                let start = vec![Step::Bytes("{\"object\":\"".into(), 0), Step::Endless];
                self.stream(content_type, start, BilledTokens::default())
            }
            Some(SimFault::CutMidStream) => {
                let half = String::from_utf8_lossy(body.get(..body.len() / 2).unwrap_or_default()).into_owned();
                self.stream(content_type, vec![Step::Bytes(half, 0), Step::Abort], billed)
            }
            _ => {
                self.entry.report();
                self.reply(StatusCode::OK, content_type, body)
            }
        }
    }

    /// A reply piece by piece; `billed` is what it costs before the first piece.
    pub(crate) fn stream_of(self, script: Script, billed: BilledTokens) -> Response {
        let Script { content_type, before, pieces, reasoning, after, error, garbage } = script;
        let mut steps: Vec<_> = before.into_iter().map(|bytes| Step::Bytes(bytes, 0)).collect();
        let pieces = pieces.into_iter().map(|(bytes, tokens)| Step::Bytes(bytes, tokens));
        let some = match self.fault {
            Some(SimFault::ErrorBeforeContent | SimFault::EndlessLine) => 0,
            Some(
                SimFault::ErrorMidStream
                | SimFault::CutMidStream
                | SimFault::NoEnd
                | SimFault::Truncated
                | SimFault::GarbageMidStream
                | SimFault::HangMidStream,
            ) => TOKENS_BEFORE_FAULT,
            _ => usize::MAX,
        };
        steps.extend(pieces.take(some));
        match self.fault {
            Some(SimFault::ErrorBeforeContent | SimFault::ErrorMidStream) => steps.push(Step::Bytes(error, 0)),
            Some(SimFault::CutMidStream) => steps.push(Step::Abort),
            // Proper for HTTP and not for the format: only a reader that waits for the format's end notices.
            Some(SimFault::NoEnd | SimFault::Truncated) => {}
            Some(SimFault::GarbageMidStream) => steps.push(Step::Bytes(garbage, 0)),
            Some(SimFault::HangMidStream) => steps.push(Step::Hang),
            Some(SimFault::EndlessLine) => steps.extend([Step::Bytes("data: {\"object\":\"".into(), 0), Step::Endless]),
            _ => {
                steps.extend(after.into_iter().map(|bytes| Step::Bytes(bytes, 0)));
                steps.push(Step::Reported);
            }
        }
        self.stream_with(content_type, steps, billed, reasoning)
    }

    /// No reply: the connection is closed.
    pub(crate) fn reset(self) -> Response {
        self.stream("application/json", vec![Step::Reset], BilledTokens::default())
    }

    /// A reply of that status, with the vendor's headers.
    pub(crate) fn reply(self, status: StatusCode, content_type: &str, body: impl Into<Body>) -> Response {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        self.decorate(&mut response, content_type);
        self.entry.begin(status.as_u16());
        // Whether the client reads all of it can't be seen from here, unlike with a stream.
        self.entry.complete();
        response
    }

    /// A reply of that status whose body never ends.
    pub(crate) fn dripping(self, status: StatusCode, start: String) -> Response {
        self.entry.begin(status.as_u16());
        let mut response =
            self.stream("application/json", vec![Step::Bytes(start, 0), Step::Drip], BilledTokens::default());
        *response.status_mut() = status;
        response
    }

    fn stream(self, content_type: &str, steps: Vec<Step>, billed: BilledTokens) -> Response {
        self.stream_with(content_type, steps, billed, 0)
    }

    fn stream_with(self, content_type: &str, steps: Vec<Step>, billed: BilledTokens, reasoning: u64) -> Response {
        let mut response = Response::new(Body::empty());
        self.decorate(&mut response, content_type);
        if !matches!(steps.first(), Some(Step::Reset)) {
            self.entry.begin(StatusCode::OK.as_u16());
        }
        self.entry.bill(billed);
        *response.body_mut() = Body::from_stream(play(self, VecDeque::from(steps), billed, reasoning));
        response
    }

    fn decorate(&self, response: &mut Response, content_type: &str) {
        if let Ok(value) = HeaderValue::from_str(content_type) {
            response.headers_mut().insert(header::CONTENT_TYPE, value);
        }
        for (name, value) in &self.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
    }
}

type Played = Result<Bytes, std::io::Error>;

fn play(
    stage: Stage,
    steps: VecDeque<Step>,
    billed: BilledTokens,
    reasoning: u64,
) -> impl futures::Stream<Item = Played> {
    stream::unfold((stage, steps, billed), move |(stage, mut steps, mut billed)| async move {
        match steps.pop_front() {
            None => {
                stage.entry.complete();
                None
            }
            Some(Step::Bytes(bytes, tokens)) => {
                if tokens > 0 && !stage.delay.is_zero() {
                    tokio::time::sleep(stage.delay.saturating_mul(u32::try_from(tokens).unwrap_or(1))).await;
                }
                // Before the piece leaves: it was produced, whether or not somebody takes it.
                billed.output += tokens;
                billed.reasoning = billed.output.min(reasoning);
                stage.entry.bill(billed);
                // Without this, all pieces would leave in one write.
                tokio::task::yield_now().await;
                Some((Ok(Bytes::from(bytes)), (stage, steps, billed)))
            }
            Some(Step::Reported) => {
                stage.entry.report();
                Some((Ok(Bytes::new()), (stage, steps, billed)))
            }
            Some(Step::Reset) => {
                // At once: the head waits in a buffer that is written only when the body lets the connection do so.
                stage.entry.complete();
                Some((Err(std::io::Error::other("reset on purpose")), (stage, VecDeque::new(), billed)))
            }
            Some(Step::Abort) => {
                // Time for what was said before to leave.
                tokio::task::yield_now().await;
                // It is the vendor who breaks off: this must not look like a client that left.
                stage.entry.complete();
                Some((Err(std::io::Error::other("broken on purpose")), (stage, VecDeque::new(), billed)))
            }
            Some(Step::Hang) => {
                stage.stopped.cancelled().await;
                None
            }
            Some(Step::Drip) => {
                steps.push_front(Step::Drip);
                tokio::time::sleep(DRIP).await;
                let more = !stage.stopped.is_cancelled();
                more.then(|| (Ok(Bytes::from_static(b" ")), (stage, steps, billed)))
            }
            Some(Step::Endless) => {
                steps.push_front(Step::Endless);
                tokio::task::yield_now().await;
                let more = !stage.stopped.is_cancelled();
                more.then(|| (Ok(Bytes::from_static(&[b'a'; 16 << 10])), (stage, steps, billed)))
            }
        }
    })
    .boxed()
}
