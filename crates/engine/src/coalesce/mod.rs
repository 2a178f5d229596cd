//! Identical requests share one call to a provider, and cached replies are given again.
//!
//! The shared call runs in a task of its own, so that it goes on when the client that began it leaves while others wait.
//! When the last one leaves, it is cancelled.
//!
//! What has come is kept for those who join later, up to the size that the cache would keep. A larger reply is nobody's
//! any more but of those who read it now: frames that all of them have taken are dropped, and the slowest sets the pace,
//! so that a client that does not read makes Baton hold no more than that.

mod in_flight;

pub use in_flight::{CallRole, Coalescer, InFlightCall, Reader};

use crate::ask::ask_provider;
use crate::cache::CachedReply;
use crate::call::Call;
use crate::record::RequestRecorder;
use crate::registry::Snapshot;
use crate::reply::{Reply, ReplyHead, free_bill};
use crate::reply_stream::ReplyStream;
use crate::shared::EngineContext;
use baton_model::record::CacheUse;
use baton_model::{Code, Detail, Model, PublicError, Wire};
use baton_provider_api::{Recording, ReplyForm};
use baton_tasks::supervised;
use bytes::BytesMut;
use futures::StreamExt;
use std::sync::{Arc, Weak};
use tokio::sync::Notify;

/// A cached reply, read again by the provider that gave it.
///
/// # Errors
/// The recorder back, if that provider is gone or the bytes don't read: then the provider is asked.
pub fn replay(
    shared: &Arc<EngineContext>,
    call: &Call,
    snapshot: &Snapshot,
    cached: &CachedReply,
    mut recorder: RequestRecorder,
) -> Result<Box<Reply>, Box<RequestRecorder>> {
    let CachedReply { model, provider, warnings, recording, .. } = cached;
    let passes_through =
        Wire::new(recording.dialect, recording.capability) == call.wire && recording.form == call.options.form;
    // Only usage is read out of bytes that go to the client as they are.
    let detail = if passes_through { Detail::MeterOnly } else { Detail::Full };
    let Some(exchange) = snapshot.providers.get(provider).and_then(|from| from.replay(recording, detail).ok()) else {
        return Err(Box::new(recorder));
    };
    recorder.set_cache_use(CacheUse::Hit);
    if let Some(model) = snapshot.models.get(model) {
        recorder.set_model(model);
    }
    let head = ReplyHead {
        model: model.clone(),
        provider: provider.clone(),
        dialect: recording.dialect,
        serves: recording.capability,
        form: recording.form,
        content_type: recording.content_type.clone(),
        // They told of the provider's call of then: its id, its rate limits.
        headers: Vec::new(),
        warnings: warnings.clone(),
        // A recording has its usage, which says the provider's own number.
        input_tokens: None,
        cache: CacheUse::Hit,
        attempts: 0,
        standings: recorder.standings(),
        bill: free_bill(),
    };
    let stream =
        ReplyStream::without_bill(Arc::clone(shared), recorder, recording.form, recording.dialect, exchange.frames);
    Ok(Box::new(Reply { head, frames: stream.into_stream() }))
}

/// The reply of a shared call to a request that joined it: a record of its own, no attempt, no cost.
///
/// # Errors
/// Those of the shared call.
pub async fn join_shared_call(
    shared: Arc<EngineContext>,
    reader: Reader,
    mut recorder: RequestRecorder,
) -> Result<Reply, PublicError> {
    recorder.set_cache_use(CacheUse::Hit);
    let head = match reader.head().await {
        Ok(head) => head,
        Err(mut error) => {
            // The attempts are the leader's.
            error.tried = Some(recorder.tried(Vec::new()));
            recorder.fail(&error).await;
            return Err(error);
        }
    };
    if let Some(model) = shared.registry.snapshot().models.get(&head.model) {
        recorder.set_model(model);
    }
    // The leader pays; a follower has no attempt and no cost.
    let standings = recorder.standings();
    let head = ReplyHead { cache: CacheUse::Hit, attempts: 0, standings, bill: free_bill(), ..head };
    let frames = reader.frames().map(|item| item.map_err(crate::dispatch::to_provider_error)).boxed();
    let (form, dialect) = (head.form, head.dialect);
    let stream = ReplyStream::without_bill(shared, recorder, form, dialect, frames);
    Ok(Reply { head, frames: stream.into_stream() })
}

/// Begins the shared call in a task, and follows it for the client that began it. That client pays.
///
/// # Errors
/// Those of the call.
pub async fn start_shared_call(
    shared: Arc<EngineContext>,
    call: Arc<Call>,
    snapshot: Arc<Snapshot>,
    model: Arc<Model>,
    recorder: RequestRecorder,
    keys: ReplyKeys,
    reader: Reader,
) -> Result<Reply, PublicError> {
    // Weak and cloned out: the task must not hold the call itself, or it would never be abandoned.
    let in_flight = Arc::downgrade(reader.call());
    let (cancelled, taken) = (reader.call().abandoned(), reader.call().frame_taken());
    let leader = Leader { shared: Arc::clone(&shared), call, snapshot, model, keys, in_flight, taken };
    shared.tasks.spawn(supervised("coalesce_leader", async move {
        // Held by this task, so that it is dropped with the task however that ends.
        let guard = LeaderGuard(leader);
        // The branch that is not taken is dropped, and with it the provider's reply: that cancels the call.
        tokio::select! {
            () = guard.0.run(recorder) => {}
            () = cancelled.cancelled() => {}
        }
    }));
    let head = reader.head().await?;
    Ok(Reply { head, frames: reader.frames() })
}

/// Where a reply is found.
pub struct ReplyKeys {
    /// In the cache.
    pub cache: String,
    /// While it is under way, among the calls that can be joined.
    pub flight: String,
}

/// Who gets a reply on behalf of all who wait for it.
struct Leader {
    shared: Arc<EngineContext>,
    call: Arc<Call>,
    snapshot: Arc<Snapshot>,
    model: Arc<Model>,
    keys: ReplyKeys,
    /// Only those who wait hold the call; when they are gone, so is the reason for it.
    in_flight: Weak<InFlightCall>,
    taken: Arc<Notify>,
}

impl Leader {
    /// Gets the reply and caches it. Returns when it is complete, or nobody waits any more.
    async fn run(&self, recorder: RequestRecorder) {
        let opened = ask_provider(&self.shared, &self.call, &self.snapshot, &self.model, recorder).await;
        // Nobody waits any more. Dropping the reply records the request as cancelled.
        let Some(in_flight) = self.in_flight.upgrade() else { return };
        let (head, stream) = match opened {
            Ok((head, stream)) => (ReplyHead { cache: CacheUse::Miss, ..head }, stream),
            Err(error) => return in_flight.begin(Err(error)),
        };
        in_flight.begin(Ok(head.clone()));
        // Not held while the provider is waited for, or nobody could be seen to have left.
        drop(in_flight);
        let Some((outcome, recording)) = self.forward_frames(&head, stream).await else { return };
        // A reply that broke off is never cached, nor one that is too large.
        if let (Ok(()), Some(recording)) = (&outcome, recording) {
            self.cache(&head, recording).await;
        }
        // After the cache has it: whoever asks from now on finds it there or joins the call, and no second call is
        // made in between.
        if let Some(in_flight) = self.in_flight.upgrade() {
            in_flight.end(outcome);
        }
    }

    /// Passes the frames on to those who wait, and the reply as the cache would keep it, unless it is too large; `None` if
    /// nobody waits any more.
    async fn forward_frames(
        &self,
        head: &ReplyHead,
        mut stream: ReplyStream,
    ) -> Option<(Result<(), PublicError>, Option<Recording>)> {
        let largest = self.shared.settings.cache.max_reply_bytes;
        let (mut body, mut hide_usage) = (Some(BytesMut::new()), false);
        let outcome = loop {
            let next = stream.next().await;
            let in_flight = self.in_flight.upgrade()?;
            match next {
                Some(Ok(frame)) => {
                    hide_usage |= frame.hidden;
                    body = body.filter(|body| body.len() + frame.bytes.len() <= largest);
                    match &mut body {
                        Some(body) => body.extend_from_slice(&frame.bytes),
                        None => {
                            // In this order: who joined after the first frames are dropped would miss them.
                            self.shared.coalescer.remove(&self.keys.flight, self.call.options.form);
                            in_flight.close();
                        }
                    }
                    in_flight.push(frame);
                }
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            }
            drop(in_flight);
            self.wait_for_readers(largest).await;
        };
        let Some(body) = body else { return Some((outcome, None)) };
        let recording = Recording {
            dialect: head.dialect,
            capability: head.serves,
            form: head.form,
            content_type: head.content_type.clone(),
            hide_usage,
            body: body.freeze(),
        };
        Some((outcome, Some(recording)))
    }

    /// Returns when the readers have taken so much that no more than `most` bytes wait for them, or all have left.
    async fn wait_for_readers(&self, most: usize) {
        loop {
            // Before looking, so that what is taken in between is not missed.
            let taken = self.taken.notified();
            // The call is not held while it is waited for, or it would never be abandoned.
            if self.in_flight.upgrade().is_none_or(|in_flight| in_flight.waiting_bytes() <= most) {
                return;
            }
            taken.await;
        }
    }

    async fn cache(&self, head: &ReplyHead, recording: Recording) {
        // A reply of another form than asked would surprise the next one who asks; it is as rare as it is cheap to ask.
        if recording.form == ReplyForm::Whole || self.call.options.form == ReplyForm::Stream {
            let cached = CachedReply {
                model: head.model.clone(),
                provider: head.provider.clone(),
                at: self.shared.clock.now(),
                warnings: head.warnings.clone(),
                recording,
            };
            self.shared.cache.store_reply(self.keys.cache.clone(), &cached, &self.call).await;
        }
    }
}

/// The duty of a leader to those who wait for it: when its task ends, and be it by a panic, nobody joins the call any
/// more, and whoever still waits is told an error. Without it they would wait for ever and keep their places.
struct LeaderGuard(Leader);

impl Drop for LeaderGuard {
    fn drop(&mut self) {
        let Self(Leader { shared, call, keys, in_flight, .. }) = self;
        // In this order: who joined between the two would miss the end.
        shared.coalescer.remove(&keys.flight, call.options.form);
        if let Some(in_flight) = in_flight.upgrade() {
            in_flight.abandon(PublicError::new(Code::Internal, "the call ended without a reply"));
        }
    }
}
