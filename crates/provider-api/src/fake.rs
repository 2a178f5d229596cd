//! A provider that plays a script, for tests of what stands above providers.
//!
//! It speaks no wire format: its frames hold whatever bytes and events the test put there. What it was asked is kept
//! for the test to look at.

use crate::{
    DiscoveredModel, Exchange, Forward, Forwarded, Frame, Mode, OutgoingRequest, Provider, ProviderError,
    ProviderSettings, Recording, ReplyForm,
};
use baton_model::chat::ChatRequest;
use baton_model::fault::ErrorKind;
use baton_model::{
    Capability, Detail, Dialect, FinishReason, Model, ModelId, Operation, ProviderId, ReplyEvent, Target, Usage,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// A scripted provider.
pub struct FakeProvider {
    id: ProviderId,
    settings: ProviderSettings,
    dialects: Vec<(Capability, Dialect)>,
    discovered: Vec<DiscoveredModel>,
    token_count: Option<u64>,
    state: Mutex<State>,
    cancelled: Arc<AtomicUsize>,
}

/// What a call to a [`FakeProvider`] leads to.
#[derive(Debug, Clone)]
pub enum FakeAct {
    /// A reply.
    Answer(FakeReply),
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

/// A call that a [`FakeProvider`] got.
#[derive(Debug, Clone, PartialEq)]
pub struct FakeCall {
    /// The model of the target, as Baton calls it.
    pub model: ModelId,
    /// The model of the target, as the provider calls it.
    pub upstream: String,
    /// The output limit of the target.
    pub max_output_tokens: Option<u64>,
    /// The context window of the target.
    pub context_window: Option<u64>,
    /// What was asked.
    pub capability: Capability,
    /// The client's bytes, in the exact mode.
    pub body: Option<Bytes>,
    /// The meaning, in the translated mode.
    pub operation: Option<Operation>,
    /// Whether a stream was asked.
    pub form: ReplyForm,
    /// How closely the reply was to be read.
    pub detail: Detail,
    /// Client headers passed on.
    pub headers: Vec<(String, String)>,
    /// Client query passed on.
    pub query: Option<String>,
    /// The bound on the whole call.
    pub timeout: Option<Duration>,
}

#[derive(Default)]
struct State {
    script: VecDeque<FakeAct>,
    always: Option<FakeAct>,
    calls: Vec<FakeCall>,
    played: Vec<Vec<Frame>>,
}

// === impl Fake ===

impl FakeProvider {
    /// A provider that speaks a format for every capability, without a script yet.
    pub fn new(id: &str, dialect: Dialect) -> Self {
        Self {
            id: id.into(),
            settings: ProviderSettings::default(),
            dialects: Capability::ALL.into_iter().map(|capability| (capability, dialect)).collect(),
            discovered: Vec::new(),
            token_count: None,
            state: Mutex::default(),
            cancelled: Arc::default(),
        }
    }

    /// The same, with these settings.
    #[must_use]
    pub fn settings(mut self, settings: ProviderSettings) -> Self {
        self.settings = settings;
        self
    }

    /// The same, which serves only these capabilities.
    #[must_use]
    pub fn serving(mut self, dialects: &[(Capability, Dialect)]) -> Self {
        self.dialects = dialects.to_vec();
        self
    }

    /// The same, which lists these models.
    #[must_use]
    pub fn listing(mut self, models: Vec<DiscoveredModel>) -> Self {
        self.discovered = models;
        self
    }

    /// The same, which counts every prompt as that many tokens.
    #[must_use]
    pub fn counting(mut self, tokens: u64) -> Self {
        self.token_count = Some(tokens);
        self
    }

    /// The same, with one more act at the end of its script.
    #[must_use]
    pub fn then(self, act: impl Into<FakeAct>) -> Self {
        self.state().script.push_back(act.into());
        self
    }

    /// The same, with what it does once the script has ended. Without this, calls then fail as
    /// [`ErrorKind::Internal`].
    #[must_use]
    pub fn always(self, act: impl Into<FakeAct>) -> Self {
        self.state().always = Some(act.into());
        self
    }

    /// Adds an act to the script while it is in use.
    pub fn push(&self, act: impl Into<FakeAct>) {
        self.state().script.push_back(act.into());
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<FakeCall> {
        self.state().calls.clone()
    }

    /// How many calls or replies were dropped before their end.
    pub fn cancelled(&self) -> usize {
        self.cancelled.load(Ordering::SeqCst)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, call: FakeCall) -> FakeAct {
        let mut state = self.state();
        state.calls.push(call);
        let act = state.script.pop_front().or_else(|| state.always.clone());
        act.unwrap_or_else(|| FakeAct::Fail(ProviderError::new(ErrorKind::Internal, "the script has ended")))
    }

    fn exchange(&self, reply: FakeReply, form: ReplyForm, guard: Guard) -> Result<Exchange, ProviderError> {
        let FakeReply { frames, then, whole, headers, dropped } = reply;
        // For `replay`, which gets only the bytes of a reply and knows no format to read them by.
        self.state().played.push(frames.clone());
        let form = if whole { ReplyForm::Whole } else { form };
        Ok(Exchange {
            dialect: self.dialects.first().map_or(Dialect::OpenAi, |(_, dialect)| *dialect),
            form,
            hide_usage: false,
            content_type: content_type(form).into(),
            headers,
            dropped,
            frames: play(frames, then, guard),
        })
    }
}

impl Provider for FakeProvider {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn kind(&self) -> &'static str {
        "fake"
    }

    fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    fn serves(&self, capability: Capability) -> bool {
        self.dialects.iter().any(|(served, _)| *served == capability)
    }

    fn dialect(&self, capability: Capability, _client: Dialect, _model: &Model) -> Option<Dialect> {
        self.dialects.iter().find(|(served, _)| *served == capability).map(|(_, dialect)| *dialect)
    }

    fn send<'a>(&'a self, outgoing: OutgoingRequest<'a>) -> BoxFuture<'a, Result<Exchange, ProviderError>> {
        Box::pin(async move {
            let mut act = self.next(FakeCall::of(&outgoing));
            // Made before the first wait, so that a call dropped while it hangs counts as cancelled.
            let guard = Guard { cancelled: self.cancelled.clone(), done: false };
            loop {
                match act {
                    FakeAct::Answer(reply) => {
                        let mut exchange = self.exchange(reply, outgoing.form, guard)?;
                        // A provider may speak several formats: the reply is in the one that was asked for.
                        exchange.dialect = outgoing.dialect;
                        return Ok(exchange);
                    }
                    FakeAct::Fail(error) => {
                        guard.finish();
                        return Err(error);
                    }
                    // The guard is held here and counts the drop of the call.
                    FakeAct::Hang => std::future::pending().await,
                    FakeAct::After(signal, then) => {
                        signal.notified().await;
                        act = *then;
                    }
                }
            }
        })
    }

    /// Plays the frames of an earlier reply that had these bytes; bytes it never sent are one opaque frame.
    fn replay(&self, recording: &Recording, _detail: Detail) -> Result<Exchange, ProviderError> {
        let played = self.state().played.iter().find(|frames| concat(frames) == recording.body).cloned();
        let frames = played.unwrap_or_else(|| {
            let text_bytes = u32::try_from(recording.body.len()).unwrap_or(u32::MAX);
            let events = vec![ReplyEvent::Opaque { text_bytes }, ReplyEvent::Ended];
            vec![Frame { bytes: recording.body.clone(), hidden: false, events }]
        });
        Ok(Exchange {
            dialect: recording.dialect,
            form: recording.form,
            hide_usage: recording.hide_usage,
            content_type: recording.content_type.clone(),
            headers: Vec::new(),
            dropped: Vec::new(),
            frames: stream::iter(frames).map(Ok).boxed(),
        })
    }

    fn count_tokens<'a>(
        &'a self,
        _request: &'a ChatRequest,
        _target: &'a Target,
    ) -> Option<BoxFuture<'a, Result<u64, ProviderError>>> {
        let tokens = self.token_count?;
        Some(Box::pin(async move { Ok(tokens) }))
    }

    /// A script has nothing that is not read.
    fn forward<'a>(&'a self, forward: Forward<'a>) -> BoxFuture<'a, Result<Forwarded, ProviderError>> {
        let message = format!("{} has no {}", self.id, forward.path);
        Box::pin(async { Err(ProviderError::new(ErrorKind::NotFound, message)) })
    }

    fn discover(&self) -> BoxFuture<'_, Result<Vec<DiscoveredModel>, ProviderError>> {
        Box::pin(async { Ok(self.discovered.clone()) })
    }
}

// === impl Act, Reply, FakeCall ===

impl From<FakeReply> for FakeAct {
    fn from(reply: FakeReply) -> Self {
        Self::Answer(reply)
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

impl FakeCall {
    fn of(outgoing: &OutgoingRequest<'_>) -> Self {
        let (body, operation) = match outgoing.mode {
            Mode::Passthrough(body) => (Some(body.bytes.clone()), None),
            Mode::Translated(operation) => (None, Some(operation.clone())),
        };
        Self {
            model: outgoing.target.model.id.clone(),
            upstream: outgoing.target.upstream().to_owned(),
            max_output_tokens: outgoing.target.max_output_tokens,
            context_window: outgoing.target.context_window,
            capability: outgoing.capability,
            body,
            operation,
            form: outgoing.form,
            detail: outgoing.detail,
            headers: outgoing.headers.to_vec(),
            query: outgoing.query.map(str::to_owned),
            timeout: outgoing.timeout,
        }
    }
}

/// Counts a call that is dropped before its end.
struct Guard {
    cancelled: Arc<AtomicUsize>,
    done: bool,
}

impl Guard {
    fn finish(mut self) {
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

fn play(frames: Vec<Frame>, then: FakeEnd, guard: Guard) -> BoxStream<'static, Result<Frame, ProviderError>> {
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

fn concat(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(|frame| frame.bytes.iter().copied()).collect()
}

fn content_type(form: ReplyForm) -> &'static str {
    match form {
        ReplyForm::Whole => "application/json",
        ReplyForm::Stream => "text/event-stream",
    }
}
