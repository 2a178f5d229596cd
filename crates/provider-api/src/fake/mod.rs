//! A provider that plays a script, for tests of what stands above providers.
//!
//! It speaks no wire format: its frames hold whatever bytes and events the test put there. What it was asked is kept
//! for the test to look at.

mod call;
mod script;

pub use call::FakeCall;
pub use script::{FakeAct, FakeEnd, FakeReply};

use crate::{
    DiscoveredModel, Exchange, Forward, Forwarded, Frame, OutgoingRequest, Provider, ProviderError, ProviderSettings,
    Recording, ReplyForm,
};
use baton_model::chat::ChatRequest;
use baton_model::fault::ErrorKind;
use baton_model::{Capability, Detail, Dialect, Model, ProviderId, ReplyEvent, Target};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt as _};
use script::{Guard, play};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

#[derive(Default)]
struct State {
    script: VecDeque<FakeAct>,
    always: Option<FakeAct>,
    calls: Vec<FakeCall>,
    played: Vec<Vec<Frame>>,
}

// === impl FakeProvider ===

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
                    FakeAct::Reply(reply) => {
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

fn concat(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(|frame| frame.bytes.iter().copied()).collect()
}

fn content_type(form: ReplyForm) -> &'static str {
    match form {
        ReplyForm::Whole => "application/json",
        ReplyForm::Stream => "text/event-stream",
    }
}
