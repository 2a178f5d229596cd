//! The path of every request, whatever it asks and however it is sent:
//! `admit → limit → cache → route → attempt → meter → record`.
//!
//! The last two have no line of their own here: the meter looks on while frames pass ([`crate::flow`]), and the
//! [`Ticket`] records the request when its answer ends, however it ends.

use crate::admit::admit;
use crate::attempt;
use crate::cache::{Kept, Use};
use crate::call::Call;
use crate::engine::Shared;
use crate::flight::{self, Boarding, Flight};
use crate::flow::{Answer, Flow, Head, free};
use crate::health::Circuit;
use crate::record::Ticket;
use crate::registry::Snapshot;
use crate::route::{self, Ask, Plan};
use baton_model::record::CacheUse;
use baton_model::{Code, Detail, Model, ModelId, ModelStatus, PublicError};
use baton_provider::{Form, Recording};
use baton_tasks::{compute, supervised};
use bytes::BytesMut;
use std::sync::{Arc, Weak};
use tokio::time::Instant;

/// Serves a call.
///
/// # Errors
/// What the caller is told if no answer begins; the request is recorded then too, once it was admitted.
pub async fn serve(shared: &Arc<Shared>, call: Call) -> Result<Answer, PublicError> {
    let call = Arc::new(call);
    let snapshot = shared.registry.snapshot();
    let model = admit(shared, &snapshot, &call)?;
    let permit = shared.limits.reserve()?;
    let mut ticket = Ticket::new(Arc::clone(shared), Arc::clone(&call), permit);
    let Some(cached) = shared.cache.applies(&call) else {
        let (head, flow) = fresh(shared, &call, &snapshot, model, ticket).await?;
        return Ok(Answer { head, frames: flow.into_stream() });
    };
    let key = compute(call.content.len(), || shared.cache.key(&call, model));
    ticket.served(model);
    match seen(shared, &call, &snapshot, &key, cached, ticket).await {
        Seen::Kept(answer) => Ok(*answer),
        Seen::InFlight(flight, ticket) => {
            let (head, frames) = flight::follow(Arc::clone(shared), flight, ticket).await?;
            Ok(Answer { head, frames })
        }
        Seen::Never(flight, ticket) => {
            let lead = lead(Arc::clone(shared), call, Arc::clone(&snapshot), Arc::clone(model), ticket, key, &flight);
            shared.tasks.spawn(supervised("leader", lead));
            let head = flight.head().await?;
            Ok(Answer { head, frames: flight.frames() })
        }
    }
}

/// Routes the call and opens an answer; the walk's error is recorded.
async fn fresh(
    shared: &Arc<Shared>,
    call: &Arc<Call>,
    snapshot: &Snapshot,
    model: &Arc<Model>,
    mut ticket: Ticket,
) -> Result<(Head, Flow), PublicError> {
    // A time beyond what the clock holds is no deadline.
    let deadline = call.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let opened = match plan(shared, call, snapshot, model) {
        Ok(plan) => attempt::walk(shared, call, plan, &mut ticket, deadline).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(mut opened) => {
            if opened.candidate.model.status == ModelStatus::Deprecated {
                opened.warnings.push(format!("model: `{}` is deprecated", opened.candidate.model.id));
            }
            Ok(Flow::opened(Arc::clone(shared), ticket, opened, deadline))
        }
        Err(error) => {
            ticket.fail(&error).await;
            Err(error)
        }
    }
}

/// The order in which models would be tried for the call.
///
/// # Errors
/// If the model can't do what is asked.
pub fn plan(shared: &Shared, call: &Call, snapshot: &Snapshot, model: &Arc<Model>) -> Result<Plan, PublicError> {
    let is_open = |id: &ModelId| shared.health.circuit(id) == Circuit::Open;
    let ask = Ask {
        caller: &call.caller,
        capability: call.capability,
        client: call.dialect,
        fallbacks: call.fallbacks.as_deref(),
        is_open: &is_open,
    };
    route::plan(snapshot, model, &ask)
}

/// Whether an answer to the same request is at hand.
enum Seen {
    /// It was kept.
    Kept(Box<Answer>),
    /// Another request is getting it.
    InFlight(Arc<Flight>, Ticket),
    /// It must be asked for, on behalf of all who will want it meanwhile.
    Never(Arc<Flight>, Ticket),
}

async fn seen(
    shared: &Arc<Shared>,
    call: &Call,
    snapshot: &Snapshot,
    key: &str,
    cached: Use,
    mut ticket: Ticket,
) -> Seen {
    if let Some(age) = cached.read
        && let Some(kept) = shared.cache.lookup(key, age, shared.clock.now()).await
    {
        match replay(shared, call, snapshot, &kept, ticket) {
            Ok(answer) => return Seen::Kept(Box::new(answer)),
            Err(back) => ticket = *back,
        }
    }
    ticket.cache(CacheUse::Miss);
    match shared.flights.board(key, call.form) {
        Boarding::Joined(flight) => Seen::InFlight(flight, ticket),
        Boarding::Begun(flight) => Seen::Never(flight, ticket),
    }
}

/// A kept answer, read again by the provider that gave it; the ticket back if that is gone or the bytes don't read.
fn replay(
    shared: &Arc<Shared>,
    call: &Call,
    snapshot: &Snapshot,
    kept: &Kept,
    mut ticket: Ticket,
) -> Result<Answer, Box<Ticket>> {
    let Kept { model, provider, warnings, recording, .. } = kept;
    let as_it_came =
        recording.dialect == call.dialect && recording.form == call.form && recording.capability == call.capability;
    let detail = if as_it_came { Detail::MeterOnly } else { Detail::Full };
    let Some(exchange) = snapshot.providers.get(provider).and_then(|from| from.replay(recording, detail).ok()) else {
        return Err(Box::new(ticket));
    };
    ticket.cache(CacheUse::Hit);
    if let Some(model) = snapshot.models.get(model) {
        ticket.served(model);
    }
    let head = Head {
        model: model.clone(),
        provider: provider.clone(),
        dialect: recording.dialect,
        serves: recording.capability,
        form: recording.form,
        content_type: recording.content_type.clone(),
        headers: Vec::new(),
        warnings: warnings.clone(),
        cache: CacheUse::Hit,
        attempts: 0,
        bill: free(),
    };
    let flow = Flow::kept(Arc::clone(shared), ticket, recording.form, recording.dialect, exchange.frames);
    Ok(Answer { head, frames: flow.into_stream() })
}

/// Gets an answer on behalf of all who wait for it, and keeps it. Ends when it is complete, or nobody waits any more.
fn lead(
    shared: Arc<Shared>,
    call: Arc<Call>,
    snapshot: Arc<Snapshot>,
    model: Arc<Model>,
    ticket: Ticket,
    key: String,
    flight: &Arc<Flight>,
) -> impl Future<Output = ()> + Send + use<> {
    let leading =
        Leading { shared: Arc::clone(&shared), key: key.clone(), form: call.form, flight: Arc::downgrade(flight) };
    // Only those who wait hold the flight; when they are gone, so is the reason for the call.
    let (left, flight) = (flight.left(), Arc::downgrade(flight));
    async move {
        // Moved in, so that it is dropped with this task however the task ends.
        let _leading = leading;
        let work = async {
            let opened = fresh(&shared, &call, &snapshot, &model, ticket).await;
            let Some(aboard) = flight.upgrade() else { return };
            let (head, mut flow) = match opened {
                Ok((head, flow)) => (Head { cache: CacheUse::Miss, ..head }, flow),
                Err(error) => return aboard.begin(Err(error)),
            };
            aboard.begin(Ok(head.clone()));
            drop(aboard);
            let (mut body, mut hidden) = (BytesMut::new(), false);
            let outcome = loop {
                let next = flow.next().await;
                let Some(aboard) = flight.upgrade() else { return };
                match next {
                    Some(Ok(frame)) => {
                        body.extend_from_slice(&frame.bytes);
                        hidden |= frame.hidden;
                        aboard.push(frame);
                    }
                    Some(Err(error)) => break Err(error),
                    None => break Ok(()),
                }
            };
            if outcome.is_ok() {
                keep(
                    &shared,
                    &call,
                    key.clone(),
                    &head,
                    Recording {
                        dialect: head.dialect,
                        capability: head.serves,
                        form: head.form,
                        content_type: head.content_type.clone(),
                        hide_usage: hidden,
                        body: body.freeze(),
                    },
                )
                .await;
            }
            if let Some(aboard) = flight.upgrade() {
                aboard.end(outcome);
            }
        };
        tokio::select! {
            () = work => {}
            () = left.cancelled() => {}
        }
    }
}

/// The duty of a leader to those who wait for it: when its task ends, and be it by a panic, nobody joins the call any
/// more, and whoever still waits is told an error. Without it they would wait for ever and keep their places.
struct Leading {
    shared: Arc<Shared>,
    key: String,
    form: Form,
    flight: Weak<Flight>,
}

impl Drop for Leading {
    fn drop(&mut self) {
        // First the door, then the end: who joined in between would miss the end.
        self.shared.flights.land(&self.key, self.form);
        if let Some(flight) = self.flight.upgrade() {
            flight.abandon(PublicError::new(Code::Internal, "the call ended without an answer"));
        }
    }
}

async fn keep(shared: &Shared, call: &Call, key: String, head: &Head, recording: Recording) {
    // An answer of another form than asked would surprise the next one who asks; it is as rare as it is cheap to ask.
    if recording.form == Form::Whole || call.form == Form::Stream {
        let kept = Kept {
            model: head.model.clone(),
            provider: head.provider.clone(),
            at: shared.clock.now(),
            warnings: head.warnings.clone(),
            recording,
        };
        shared.cache.keep(key, &kept, call).await;
    }
}
