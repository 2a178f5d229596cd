//! A reply on its way up: frames as they come, and the settling of the request at their end.

use crate::dispatch::Opened;
use crate::reasoning_cache::ReasoningRecorder;
use crate::record::RequestRecorder;
use crate::reply::{Bill, ReplyHead, failure, free_bill};
use crate::shared::EngineContext;
use crate::shares::Hold;
use baton_model::fault::{ErrorKind, UpstreamBody};
use baton_model::record::CacheUse;
use baton_model::{Code, Dialect, Nanos, ProviderId, PublicError, ReplyEvent};
use baton_provider_api::{Exchange, Frame, OnDisconnect, ProviderError, ReplyForm};
use baton_tasks::supervised;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

type Frames = BoxStream<'static, Result<Frame, ProviderError>>;

/// A reply under way, and the recorder that settles it.
pub struct ReplyStream {
    shared: Arc<EngineContext>,
    /// `None` once it was handed to the background.
    recorder: Option<RequestRecorder>,
    buffered: VecDeque<Frame>,
    /// `None` after an error.
    frames: Option<Frames>,
    /// The place among the calls to the provider; given back with the frames.
    place: Option<Hold>,
    form: ReplyForm,
    dialect: Dialect,
    bill: Bill,
    on_disconnect: OnDisconnect,
    deadline: Option<Instant>,
    settled: bool,
    /// An error that was met while looking whether a frame is the last.
    failed: Option<ProviderError>,
    /// The reasoning before tool calls, where the client's format may have no place for it.
    reasoning: Option<(ReasoningRecorder, ProviderId)>,
    /// What it may cost at most before it is cut, and how much text it had when that was looked at last.
    cut: Option<(Nanos, usize)>,
}

impl ReplyStream {
    /// The reply that goes on from a reply just opened.
    pub fn from_opened(
        shared: Arc<EngineContext>,
        mut recorder: RequestRecorder,
        opened: Opened,
        deadline: Option<Instant>,
    ) -> (ReplyHead, Self) {
        let Opened { candidate, exchange, buffered, warnings, prompt_tokens, place } = opened;
        let Exchange { dialect, form, content_type, headers, frames, .. } = exchange;
        recorder.mark_first_content();
        let bill = Bill::default();
        let reasoning = (dialect.signs_reasoning() && dialect != recorder.call().wire.dialect).then(|| {
            let mut reasoning = ReasoningRecorder::default();
            buffered.iter().for_each(|frame| reasoning.observe(&frame.events));
            (reasoning, candidate.model.provider.clone())
        });
        // A whole reply is metered by now, so its cost can go into the response headers.
        if form == ReplyForm::Whole {
            let _ = bill.set(recorder.cost());
        }
        let head = ReplyHead {
            model: candidate.model.id.clone(),
            provider: candidate.model.provider.clone(),
            dialect,
            serves: candidate.serves,
            form,
            content_type,
            headers,
            warnings,
            input_tokens: prompt_tokens,
            cache: CacheUse::Bypass,
            attempts: recorder.attempts(),
            standings: recorder.standings(),
            bill: Arc::clone(&bill),
        };
        let cut = recorder.cut_at().map(|most| (most, 0));
        let on_disconnect = candidate.provider.settings().on_disconnect;
        let (recorder, frames) = (Some(recorder), Some(frames));
        let stream = Self {
            shared,
            recorder,
            buffered,
            frames,
            place,
            form,
            dialect,
            bill,
            on_disconnect,
            deadline,
            settled: false,
            failed: None,
            reasoning,
            cut,
        };
        (head, stream)
    }

    /// A reply that no provider is asked for: a cached or coalesced one.
    pub fn without_bill(
        shared: Arc<EngineContext>,
        mut recorder: RequestRecorder,
        form: ReplyForm,
        dialect: Dialect,
        frames: Frames,
    ) -> Self {
        recorder.mark_first_content();
        Self {
            shared,
            recorder: Some(recorder),
            buffered: VecDeque::new(),
            frames: Some(frames),
            place: None,
            form,
            dialect,
            bill: free_bill(),
            // Nothing to drain: no provider was asked, or the shared call goes on for those who still wait.
            on_disconnect: OnDisconnect::Cancel,
            deadline: None,
            settled: false,
            failed: None,
            reasoning: None,
            cut: None,
        }
    }

    /// As a stream of its frames.
    pub fn into_stream(self) -> BoxStream<'static, Result<Frame, PublicError>> {
        futures::stream::unfold(self, |mut stream| async move { stream.next().await.map(|item| (item, stream)) })
            .boxed()
    }

    /// The next frame. The request is settled before the last one leaves.
    pub async fn next(&mut self) -> Option<Result<Frame, PublicError>> {
        // Held frames were metered when they came, in `start_attempt`; those from the provider are metered below.
        let next = match self.buffered.pop_front() {
            Some(frame) => Some(Ok(frame)),
            None => self.next_from_provider().await,
        };
        match next {
            Some(Ok(_)) if self.is_too_dear() => Some(Err(self.cut_off().await)),
            Some(Ok(frame)) => {
                // Settled before the last frame leaves: whoever has seen the end finds the record.
                if frame.events.contains(&ReplyEvent::Ended) || self.is_last().await {
                    self.complete().await;
                }
                Some(Ok(frame))
            }
            // The end was there already: what follows it says nothing to the client.
            Some(Err(_)) if self.settled => None,
            Some(Err(error)) => Some(Err(self.fail(error).await)),
            None => {
                self.complete().await;
                None
            }
        }
    }

    /// Whether a frame of a whole reply is its last: nothing says so but the end that follows. A stream has a sign.
    async fn is_last(&mut self) -> bool {
        if self.form != ReplyForm::Whole || !self.buffered.is_empty() || self.settled {
            return false;
        }
        match self.next_from_provider().await {
            None => true,
            Some(Ok(next)) => {
                self.buffered.push_back(next);
                false
            }
            Some(Err(error)) => {
                self.failed = Some(error);
                false
            }
        }
    }

    /// The next frame from the provider, looked at by the meter, within the time that the client gave.
    async fn next_from_provider(&mut self) -> Option<Result<Frame, ProviderError>> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let frames = self.frames.as_mut()?;
        let next = match self.deadline {
            None => frames.next().await,
            Some(deadline) => tokio::time::timeout_at(deadline, frames.next()).await.unwrap_or_else(|_| {
                Some(Err(ProviderError::new(ErrorKind::Timeout, "the request's timeout has passed").maybe_billed()))
            }),
        };
        let frame = match next? {
            Ok(frame) => frame,
            Err(error) => return Some(Err(error)),
        };
        // Metered before errors are looked for: a frame that reports an error may report usage too.
        if let Some(attempt) = self.recorder.as_mut().and_then(RequestRecorder::current_attempt) {
            attempt.observe_frame(&frame);
        }
        if let Some((reasoning, _)) = &mut self.reasoning {
            reasoning.observe(&frame.events);
        }
        Some(match failure(&frame) {
            None => Ok(frame),
            Some(mut error) => {
                error.upstream =
                    error.upstream.or_else(|| Some(UpstreamBody::json(self.dialect, 200, frame.bytes.clone())));
                Err(error)
            }
        })
    }

    /// Whether it costs more than is left of a budget that ends streams there. Looked at every few hundred bytes of text: to price each
    /// frame would cost as much as passing it on.
    fn is_too_dear(&mut self) -> bool {
        const STEP: usize = 256;
        let (Some((most, looked)), Some(recorder)) = (&mut self.cut, &mut self.recorder) else { return false };
        let text = recorder.current_attempt().map_or(0, |attempt| attempt.text_bytes());
        if self.settled || text < *looked + STEP {
            return false;
        }
        *looked = text;
        recorder.running_cost().is_some_and(|cost| cost > *most)
    }

    /// Ends a stream that has used up its budget.
    async fn cut_off(&mut self) -> PublicError {
        self.settled = true;
        // Dropped first: the provider stops when its connection closes.
        (self.frames, self.place) = (None, None);
        self.buffered.clear();
        let message = "the budget is spent: the reply was longer than what was reserved for it, and ends here";
        let mut error = PublicError::new(Code::BudgetExceeded, message);
        if let Some(recorder) = &mut self.recorder {
            recorder.cut_attempt();
            error.tried = Some(recorder.tried(Vec::new()));
            recorder.fail_midway(&error).await;
        }
        error
    }

    async fn complete(&mut self) {
        if let Some(recorder) = &mut self.recorder
            && !self.settled
        {
            // Set first: a drop during the waits below must not drain a reply that is complete.
            self.settled = true;
            // Whole replies have their bill already.
            let _ = self.bill.set(recorder.cost());
            if let Some((reasoning, provider)) = self.reasoning.take().filter(|(reasoning, _)| !reasoning.is_empty()) {
                self.shared.reasoning_cache.store_reasoning(recorder.call(), &provider, reasoning).await;
            }
            recorder.complete(200).await;
        }
    }

    async fn fail(&mut self, mut error: ProviderError) -> PublicError {
        self.settled = true;
        // Dropped at once, so that the connection to the provider is not held while the record is written.
        (self.frames, self.place) = (None, None);
        let Some(recorder) = &mut self.recorder else { return error.into() };
        recorder.fail_attempt(&mut error);
        let public = PublicError { tried: Some(recorder.tried(Vec::new())), ..PublicError::from(error) };
        recorder.fail_midway(&public).await;
        public
    }
}

/// A client that leaves: the provider's call is cancelled by the drop of its frames, or drained within bounds for its
/// exact usage. Either way the recorder records the request as cancelled.
impl Drop for ReplyStream {
    fn drop(&mut self) {
        let OnDisconnect::Drain { time, bytes } = self.on_disconnect else { return };
        if let (false, Some(frames), Some(recorder)) = (self.settled, self.frames.take(), self.recorder.take()) {
            // The connection to the provider lives on, so its place does too.
            let place = self.place.take();
            self.shared.tasks.spawn(supervised("drain", async move {
                drain(frames, recorder, time, bytes).await;
                drop(place);
            }));
        }
    }
}

async fn drain(mut frames: Frames, mut recorder: RequestRecorder, time: Duration, bytes: usize) {
    let read = async {
        let mut left = bytes;
        while let Some(Ok(frame)) = frames.next().await {
            if let Some(attempt) = recorder.current_attempt() {
                attempt.observe_frame(&frame);
            }
            left = left.saturating_sub(frame.bytes.len());
            if left == 0 {
                break;
            }
        }
    };
    // Whether it ended or ran out of time, what was seen is what counts.
    let _ = tokio::time::timeout(time, read).await;
    recorder.cancel();
}
