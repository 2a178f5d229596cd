//! An answer on its way up: frames as they come, and the settling of the request at their end.

use crate::attempt::Opened;
use crate::engine::Shared;
use crate::recall::Heard;
use crate::record::Ticket;
use baton_model::fault::{ErrorKind, UpstreamBody};
use baton_model::record::CacheUse;
use baton_model::{Capability, Cost, Dialect, Event, ModelId, Nanos, ProviderId, PublicError};
use baton_provider::{Exchange, Form, Frame, OnDisconnect, ProviderError};
use baton_tasks::supervised;
use futures::StreamExt;
use futures::stream::BoxStream;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::Instant;

/// What the door knows when the answer begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// The model that answers.
    pub model: ModelId,
    /// Its provider.
    pub provider: ProviderId,
    /// The format of the frames' bytes.
    pub dialect: Dialect,
    /// What the model was asked: what the client asked, or chat for a completion.
    pub serves: Capability,
    /// Whether the frames are one body or a stream.
    pub form: Form,
    /// The media type, as the provider said it.
    pub content_type: String,
    /// The provider's headers that may matter to the client.
    pub headers: Vec<(String, String)>,
    /// What the client should know: what was left out, lowered, deprecated.
    pub warnings: Vec<String>,
    /// What the cache did.
    pub cache: CacheUse,
    /// How many attempts were made.
    pub attempts: usize,
    /// What it cost; set when that is known, in a stream just before its last frame.
    pub bill: Bill,
}

/// An answer: its head, and the frames as they come.
///
/// Frames are complete after the last item; an error item is the last. Dropping it before the end cancels the call (or
/// lets it drain, by the provider's settings) and records the request as cancelled.
pub struct Answer {
    /// What is known now.
    pub head: Head,
    /// The frames.
    pub frames: BoxStream<'static, Result<Frame, PublicError>>,
}

/// What an answer costs, once that is known.
pub type Bill = Arc<OnceLock<Cost>>;

type Frames = BoxStream<'static, Result<Frame, ProviderError>>;

/// An answer under way, and the ticket that settles it.
pub struct Flow {
    shared: Arc<Shared>,
    /// `None` once it was handed to the background.
    ticket: Option<Ticket>,
    held: VecDeque<Frame>,
    /// `None` after an error.
    frames: Option<Frames>,
    form: Form,
    dialect: Dialect,
    bill: Bill,
    on_disconnect: OnDisconnect,
    deadline: Option<Instant>,
    settled: bool,
    /// An error that was met while looking whether a frame is the last.
    failed: Option<ProviderError>,
    /// What the model thinks before its calls, where the client's format may have no place for it.
    heard: Option<(Heard, ProviderId)>,
}

impl Flow {
    /// The answer that goes on from a reply just opened.
    pub fn opened(shared: Arc<Shared>, mut ticket: Ticket, opened: Opened, deadline: Option<Instant>) -> (Head, Self) {
        let Opened { candidate, exchange, held, warnings } = opened;
        let Exchange { dialect, form, content_type, headers, frames, .. } = exchange;
        ticket.first_content();
        let bill = Bill::default();
        let heard = (dialect.proves_thoughts() && dialect != ticket.call().dialect).then(|| {
            let mut heard = Heard::default();
            held.iter().for_each(|frame| heard.listen(&frame.events));
            (heard, candidate.model.provider.clone())
        });
        if form == Form::Whole {
            let _ = bill.set(ticket.cost());
        }
        let head = Head {
            model: candidate.model.id.clone(),
            provider: candidate.model.provider.clone(),
            dialect,
            serves: candidate.serves,
            form,
            content_type,
            headers,
            warnings,
            cache: CacheUse::Bypass,
            attempts: ticket.attempts(),
            bill: Arc::clone(&bill),
        };
        let on_disconnect = candidate.provider.settings().on_disconnect;
        let (ticket, frames) = (Some(ticket), Some(frames));
        let flow = Self {
            shared,
            ticket,
            held,
            frames,
            form,
            dialect,
            bill,
            on_disconnect,
            deadline,
            settled: false,
            failed: None,
            heard,
        };
        (head, flow)
    }

    /// An answer that no provider is asked for: a kept one.
    pub fn kept(shared: Arc<Shared>, mut ticket: Ticket, form: Form, dialect: Dialect, frames: Frames) -> Self {
        ticket.first_content();
        Self {
            shared,
            ticket: Some(ticket),
            held: VecDeque::new(),
            frames: Some(frames),
            form,
            dialect,
            bill: free(),
            on_disconnect: OnDisconnect::Cancel,
            deadline: None,
            settled: false,
            failed: None,
            heard: None,
        }
    }

    /// As a stream of its frames.
    pub fn into_stream(self) -> BoxStream<'static, Result<Frame, PublicError>> {
        futures::stream::unfold(self, |mut flow| async move { flow.next().await.map(|item| (item, flow)) }).boxed()
    }

    /// The next frame. The request is settled before the last one leaves.
    pub async fn next(&mut self) -> Option<Result<Frame, PublicError>> {
        let next = match self.held.pop_front() {
            Some(frame) => Some(Ok(frame)),
            None => self.arriving().await,
        };
        match next {
            Some(Ok(frame)) => {
                if frame.events.contains(&Event::Ended) || self.is_last().await {
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
        if self.form != Form::Whole || !self.held.is_empty() || self.settled {
            return false;
        }
        match self.arriving().await {
            None => true,
            Some(Ok(next)) => {
                self.held.push_back(next);
                false
            }
            Some(Err(error)) => {
                self.failed = Some(error);
                false
            }
        }
    }

    /// The next frame from the provider, looked at by the meter, within the time that the client gave.
    async fn arriving(&mut self) -> Option<Result<Frame, ProviderError>> {
        if let Some(error) = self.failed.take() {
            return Some(Err(error));
        }
        let frames = self.frames.as_mut()?;
        let next = match self.deadline {
            None => frames.next().await,
            Some(deadline) => tokio::time::timeout_at(deadline, frames.next()).await.unwrap_or_else(|_| {
                Some(Err(ProviderError::new(ErrorKind::Timeout, "the time that the request allowed is over")))
            }),
        };
        let frame = match next? {
            Ok(frame) => frame,
            Err(error) => return Some(Err(error)),
        };
        if let Some(attempt) = self.ticket.as_mut().and_then(Ticket::running) {
            attempt.look(&frame);
        }
        if let Some((heard, _)) = &mut self.heard {
            heard.listen(&frame.events);
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

    async fn complete(&mut self) {
        if let Some(ticket) = &mut self.ticket
            && !self.settled
        {
            self.settled = true;
            // Whole answers have their bill already.
            let _ = self.bill.set(ticket.cost());
            if let Some((heard, provider)) = self.heard.take().filter(|(heard, _)| !heard.is_empty()) {
                self.shared.recall.keep(ticket.call(), &provider, heard).await;
            }
            ticket.complete(200).await;
        }
    }

    async fn fail(&mut self, error: ProviderError) -> PublicError {
        self.settled = true;
        self.frames = None;
        let public = PublicError::from(error.clone());
        if let Some(ticket) = &mut self.ticket {
            ticket.failed(&error);
            ticket.fail_midway(&public).await;
        }
        public
    }
}

/// The bill of an answer that cost nothing, since no provider was asked.
pub fn free() -> Bill {
    Arc::new(OnceLock::from(Cost::Known(Nanos::ZERO)))
}

/// The error that a frame reports.
pub fn failure(frame: &Frame) -> Option<ProviderError> {
    frame.events.iter().find_map(|event| match event {
        Event::Failed(error) => Some(error.clone().into()),
        _ => None,
    })
}

/// A client that leaves: the provider's call is cancelled by the drop of its frames, or drained within bounds for its
/// exact usage. Either way the ticket records the request as cancelled.
impl Drop for Flow {
    fn drop(&mut self) {
        let OnDisconnect::Drain { time, bytes } = self.on_disconnect else { return };
        if let (false, Some(frames), Some(ticket)) = (self.settled, self.frames.take(), self.ticket.take()) {
            self.shared.tasks.spawn(supervised("drain", drain(frames, ticket, time, bytes)));
        }
    }
}

async fn drain(mut frames: Frames, mut ticket: Ticket, time: Duration, bytes: usize) {
    let read = async {
        let mut left = bytes;
        while let Some(Ok(frame)) = frames.next().await {
            if let Some(attempt) = ticket.running() {
                attempt.look(&frame);
            }
            left = left.saturating_sub(frame.bytes.len());
            if left == 0 {
                break;
            }
        }
    };
    // Whether it ended or ran out of time, what was seen is what counts.
    let _ = tokio::time::timeout(time, read).await;
    ticket.cancel();
}
