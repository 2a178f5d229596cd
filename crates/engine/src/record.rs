//! The record of a request while it is under way, and its end: settle, journal, count, log.

use crate::calibration::Lesson;
use crate::call::Call;
use crate::meter::{AttemptEnd, AttemptMeter};
use crate::observe::EndedRequest;
use crate::policy::{Concern, Overrun, PolicyStanding, Reservation};
use crate::shared::EngineContext;
use crate::shares::Hold;
use crate::trace::Trace;
use baton_meter::count;
use baton_model::fault::{ErrorKind, Tried};
use baton_model::record::{AttemptRecord, CacheUse, Outcome, RequestError, RequestRecord};
use baton_model::schema::journal::RequestStart;
use baton_model::{Capability, Cost, Dialect, Model, Nanos, PublicError, ReplyEvent, SpanId};
use baton_provider_api::ProviderError;
use baton_tasks::blocking;
use futures::future::Either;
use std::sync::Arc;
use tokio::runtime::Handle;

/// One request's record, from its admission to its end.
///
/// It can't be forgotten: dropping a recorder that was not settled (the client left, the handler was cancelled) records
/// the request as cancelled, with what its running attempt consumed.
pub struct RequestRecorder {
    shared: Arc<EngineContext>,
    call: Arc<Call>,
    record: Option<Box<RequestRecord>>,
    running: Option<AttemptMeter>,
    /// The span of each attempt, the running one included, if the trace is recorded.
    spans: Vec<SpanId>,
    /// What the last attempt said, if somebody wants to know.
    text_events: Vec<ReplyEvent>,
    /// What it has to keep to.
    concern: Option<Concern>,
    /// What it has reserved, wherever it is sent.
    admission: Reservation,
    /// What the attempt under way has reserved.
    reserved: Option<Reservation>,
    /// What attempts had reserved that are over, with what they came to. Settled once the journal says so: a process that is
    /// killed before that leaves what was reserved, and nobody else may have taken it by then.
    unsettled: Vec<(Reservation, AttemptRecord)>,
    /// The place among the requests in flight; given back with the recorder.
    _place: Hold,
}

/// A request that may go on: what it has to keep to, and what it has reserved of it.
#[derive(Default)]
pub struct Admitted {
    /// Budgets and limits that are for it.
    pub concern: Option<Concern>,
    /// What was reserved.
    pub reservation: Reservation,
}

impl RequestRecorder {
    /// A record for a request that was admitted.
    pub fn new(shared: Arc<EngineContext>, call: Arc<Call>, place: Hold, admitted: Admitted) -> Self {
        let record = RequestRecord {
            id: call.identity.id.clone(),
            arrived: call.identity.arrived,
            finished: call.identity.arrived,
            first_content: None,
            api: call.identity.api.into(),
            capability: call.wire.capability,
            stream: call.options.form == baton_provider_api::ReplyForm::Stream,
            requested: call.routing.selector.to_string(),
            served: None,
            provider: None,
            attribution: call.identity.attribution.clone(),
            // What it stays if the recorder is dropped: whoever drops it without settling it was cancelled.
            outcome: Outcome::Cancelled,
            status: 499,
            error: None,
            cache: CacheUse::Bypass,
            charge_factor: call.identity.caller.rules.as_ref().and_then(|rules| rules.charge_factor),
            attempts: Vec::new(),
        };
        shared.metrics.count_started();
        Self {
            shared,
            call,
            record: Some(Box::new(record)),
            running: None,
            spans: Vec::new(),
            text_events: Vec::new(),
            concern: admitted.concern,
            admission: admitted.reservation,
            reserved: None,
            unsettled: Vec::new(),
            _place: place,
        }
    }

    /// What the cache did.
    pub fn set_cache_use(&mut self, cache: CacheUse) {
        if let Some(record) = &mut self.record {
            record.cache = cache;
        }
    }

    /// The model that replies without an attempt (a cached reply).
    pub fn set_model(&mut self, model: &Model) {
        if let Some(record) = &mut self.record {
            record.served = Some(model.id.clone());
            record.provider = Some(model.provider.clone());
        }
    }

    /// An attempt is sent next. It is in the journal when this returns, so that a crash does not hide it.
    ///
    /// # Errors
    /// If the start can't be recorded: then nothing may be sent, since a provider would bill what the ledger never saw.
    pub async fn start_attempt(
        &mut self,
        model: &Arc<Model>,
        dialect: Dialect,
        reservation: Reservation,
    ) -> Result<(), ProviderError> {
        // The time of the reservation: it decides in which period a budget counts the attempt, and the ledger must say the same.
        let now = reservation.at;
        let usage = reservation.usage;
        self.reserved = Some(reservation);
        self.set_model(model);
        let mut running = AttemptMeter::new(Arc::clone(model), dialect, now);
        // Vendors bill neither counting nor moderation, so an unreported usage is zero and not an estimate.
        if matches!(self.call.wire.capability, Capability::TokenCount | Capability::Moderation) {
            running = running.without_cost();
        }
        let running = if self.collects_text() { running.collecting_text() } else { running };
        if self.call.identity.trace.recorded {
            self.spans.push(self.shared.span());
        }
        // After a crash this entry is all that the next process knows of the call. Each attempt has one: another model may be
        // billed for it, and another budget counts it.
        let record = self.record.as_deref();
        let started = record.map(|record| self.shared.ledger.start(&RequestStart::new(record, model, now, usage)));
        if let Some(started) = started
            && let Err(cause) = started.await
        {
            let message = "the request can't be recorded in the ledger at the moment, so it was not sent";
            return Err(ProviderError::new(ErrorKind::Unrecorded, message).with_cause(cause));
        }
        // Only from here on it counts as sent: who leaves during the wait above has cost nothing.
        self.running = Some(running);
        Ok(())
    }

    /// What it has to keep to; `None`: nothing.
    pub fn concern(&self) -> Option<&Concern> {
        self.concern.as_ref()
    }

    /// How the policies stand of which it has reserved something.
    pub fn standings(&self) -> Vec<PolicyStanding> {
        let reserved = self.reserved.iter().flat_map(Reservation::standings);
        self.admission.standings().chain(reserved).collect()
    }

    /// What is soft and exceeded.
    pub fn take_policy_warnings(&mut self) -> Vec<String> {
        let mut warnings = std::mem::take(&mut self.admission.warnings);
        warnings.extend(self.reserved.iter_mut().flat_map(|reserved| std::mem::take(&mut reserved.warnings)));
        warnings
    }

    /// The call.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// Whether somebody wants to know what is said.
    pub fn collects_text(&self) -> bool {
        self.shared.observer.as_ref().is_some_and(|observer| observer.wants_replies())
    }

    /// The client's headers that the attempt under way passes on, with its place in the trace.
    pub fn headers(&self) -> Vec<(String, String)> {
        let mut headers = self.call.options.headers.clone();
        headers.extend(self.call.identity.trace.headers(self.spans.last().copied()));
        headers
    }

    /// The attempt under way.
    pub fn current_attempt(&mut self) -> Option<&mut AttemptMeter> {
        self.running.as_mut()
    }

    /// The attempt under way failed; another may follow. Takes the cause away, which is logged here.
    pub fn fail_attempt(&mut self, error: &mut ProviderError) {
        if let Some(attempt) = &mut self.running {
            attempt.observe_headers(error.upstream.as_ref().map_or(&[], |upstream| &upstream.headers));
            // An attempt that another one replaces never becomes a response, so its cause would be logged nowhere else.
            if let Some(cause) = error.cause.take() {
                let (request, model) = (&self.call.identity.id, &attempt.model);
                tracing::warn!(request.id = %request, provider.id = %model.provider, model.id = %model.id,
                    error = cause.chain(), "an attempt failed: {}", error.message);
            }
            self.shared.health.record_failure(&attempt.model, error.kind, &error.message);
        }
        self.close_attempt(AttemptEnd::Failed(error));
    }

    /// How many attempts were made, the running one included.
    pub fn attempts(&self) -> usize {
        self.record.as_ref().map_or(0, |record| record.attempts.len()) + usize::from(self.running.is_some())
    }

    /// What was tried, for the error that the client is told.
    pub fn tried(&self, warnings: Vec<String>) -> Box<Tried> {
        let last = self.record.as_ref().and_then(|record| record.attempts.last());
        let last = last.map(|attempt| (attempt.model.clone(), attempt.provider.clone()));
        Box::new(Tried { attempts: self.attempts(), last, warnings })
    }

    /// The first content is on its way to the client.
    pub fn mark_first_content(&mut self) {
        let now = self.shared.clock.now();
        if let Some(record) = &mut self.record {
            record.first_content.get_or_insert(now);
        }
    }

    /// What all attempts have cost so far, the running one by what it has reported.
    pub fn cost(&self) -> Cost {
        let Some(record) = &self.record else { return Cost::Unpriced };
        let running = self.running.as_ref().map(|attempt| {
            let (usage, _) = attempt.usage(|| self.prompt_tokens(&attempt.model, attempt.dialect));
            attempt.cost(&usage, &self.shared.registry)
        });
        // One attempt without a price makes the sum unknown: a part of it would look like the whole.
        match (record.cost(), running) {
            (cost, None) => cost,
            (Cost::Known(before), Some(Cost::Known(now))) => Cost::Known(before + now),
            _ => Cost::Unpriced,
        }
    }

    /// What the running attempt may cost before a budget is spent that ends streams there; `None`: there is no such budget.
    pub fn cut_at(&self) -> Option<Nanos> {
        self.reserved.as_ref().and_then(Reservation::cut_at)
    }

    /// What the running attempt has cost so far, if its price is known.
    pub fn running_cost(&self) -> Option<Nanos> {
        let attempt = self.running.as_ref()?;
        let (usage, _) = attempt.usage(|| self.prompt_tokens(&attempt.model, attempt.dialect));
        attempt.cost(&usage, &self.shared.registry).known()
    }

    /// The attempt under way was ended by Baton; what it has used counts.
    pub fn cut_attempt(&mut self) {
        self.close_attempt(AttemptEnd::Cancelled);
    }

    /// The reply is complete. Resolves when the record is in the journal.
    pub async fn complete(&mut self, status: u16) {
        if let Some(attempt) = &self.running {
            self.shared.health.record_success(&attempt.model);
        }
        self.close_attempt(AttemptEnd::Completed);
        self.close(Outcome::Completed, status, None).await;
    }

    /// The request failed; the client is told `error`. Resolves when the record is in the journal.
    pub async fn fail(&mut self, error: &PublicError) {
        // What the client saw: a stream that was kept alive meanwhile has its status already.
        let status = if self.call.options.head_sent.is_marked() { 200 } else { (self.call.identity.status)(error) };
        self.close(Outcome::Failed, status, Some(error.into())).await;
    }

    /// The request failed while its reply was already on the way, so that its status was 200.
    pub async fn fail_midway(&mut self, error: &PublicError) {
        self.close(Outcome::Failed, 200, Some(error.into())).await;
    }

    /// The client left. Not waited for: nobody is there to wait.
    pub fn cancel(&mut self) {
        self.close_attempt(AttemptEnd::Cancelled);
        // The record is queued by the call; only its receipt is dropped.
        drop(self.close(Outcome::Cancelled, 499, None));
    }

    fn close_attempt(&mut self, ending: AttemptEnd<'_>) {
        let Some(mut attempt) = self.running.take() else { return };
        self.text_events = attempt.take_text_events();
        let record = attempt.settle(ending, self.shared.clock.now(), &self.shared.registry, || {
            self.prompt_tokens(&attempt.model, attempt.dialect)
        });
        if let Some(field) = &record.usage.unaccounted {
            tracing::warn!(request.id = %self.call.identity.id, provider.id = %record.provider, model.id = %record.model,
                field, "the provider reported usage that is not accounted for; the record is marked as an estimate");
        }
        if let Some(reserved) = self.reserved.take().filter(|reserved| !reserved.is_empty()) {
            self.unsettled.push((reserved, record.clone()));
        }
        self.shared.unpriced.note(&record);
        self.shared.metrics.attempt(&record);
        if let Some(lesson) = Lesson::of(&self.shared.calibration, &self.call, &attempt, &record) {
            self.teach(lesson);
        }
        if let Some(own) = &mut self.record {
            own.attempts.push(record);
        }
    }

    /// Settles what attempts had reserved that are over, so that there is room for the next.
    pub fn settle_earlier(&mut self) {
        settle(&self.shared, &self.call, std::mem::take(&mut self.unsettled));
    }

    /// Learns from a reply beside the requests.
    fn teach(&self, lesson: Lesson) {
        let context = Arc::clone(&self.shared);
        self.shared.tasks.spawn(async move {
            // On a thread of its own: the first count loads the tables, and a long prompt takes a while.
            blocking("calibration", move || lesson.learn(&context.calibration, &context.metrics)).await;
        });
    }

    /// The size of the prompt by Baton's own count.
    fn prompt_tokens(&self, model: &Model, dialect: Dialect) -> u64 {
        match self.call.content.read_operation() {
            Ok(operation) => {
                let key = self.call.identity.attribution.key.as_ref();
                self.shared.calibration.count(operation, model, dialect, key).tokens
            }
            Err(_) => count::bytes_estimate(self.call.content.len() as u64, model).tokens,
        }
    }

    fn close(
        &mut self,
        outcome: Outcome,
        status: u16,
        error: Option<RequestError>,
    ) -> impl Future<Output = ()> + Send + use<> {
        // Taken, so that a second end (the drop after a settled reply) finds nothing to record.
        std::mem::take(&mut self.admission).settle_request();
        let receipt = self.record.take().map(|mut record| {
            record.finished = self.shared.clock.now();
            record.outcome = outcome;
            record.status = status;
            record.error = error;
            self.shared.metrics.count_ended(&record, &self.call.identity.trace);
            log(&record, &self.call.identity.trace);
            if let Some(observer) = &self.shared.observer {
                let Self { call, spans, text_events, .. } = &*self;
                observer.observe_request(&EndedRequest { record: &record, call, spans, reply: text_events });
            }
            (self.shared.ledger.append(&record), record.id.clone())
        });
        // The line is queued by now, in the order of ends; only the wait for the disk is left to the caller.
        let written = async move {
            if let Some((receipt, id)) = receipt
                && let Err(error) = receipt.await
            {
                tracing::error!(request.id = %id, %error, "a record could not be written to the journal");
            }
        };
        let unsettled = std::mem::take(&mut self.unsettled);
        if unsettled.is_empty() {
            return Either::Left(written);
        }
        let (shared, call) = (Arc::clone(&self.shared), Arc::clone(&self.call));
        if Handle::try_current().is_err() {
            // The runtime has ended, and the process with it.
            settle(&shared, &call, unsettled);
            return Either::Left(written);
        }
        // A task of its own: a client that leaves drops the wait, and dropped reservations would be given back unspent.
        let settled = self.shared.tasks.spawn(async move {
            written.await;
            settle(&shared, &call, unsettled);
        });
        Either::Right(async move {
            let _ = settled.await;
        })
    }
}

/// Counts what attempts came to in place of what was reserved for them.
fn settle(shared: &EngineContext, call: &Call, unsettled: Vec<(Reservation, AttemptRecord)>) {
    for (reserved, attempt) in unsettled {
        for Overrun { policy, reserved, used } in shared.policies.settle_attempt(reserved, &attempt) {
            tracing::warn!(request.id = %call.identity.id, provider.id = %attempt.provider, model.id = %attempt.model,
                policy.id = policy.id, reserved, used, "overrun: an attempt took more than was reserved for it");
            shared.metrics.count_overrun(policy.kind);
        }
    }
}

impl Drop for RequestRecorder {
    fn drop(&mut self) {
        if self.record.is_some() {
            self.cancel();
        }
    }
}

/// The line of a request in the log: the same words as in the records.
fn log(record: &RequestRecord, trace: &Trace) {
    let amounts = record.attempts.last().map(|attempt| attempt.usage.amounts).unwrap_or_default();
    tracing::info!(
        request.id = %record.id,
        trace.id = %trace.id,
        api = record.api,
        capability = record.capability.name(),
        model.requested = record.requested,
        model.served = record.served.as_ref().map(|id| id.as_str()),
        provider.id = record.provider.as_ref().map(|id| id.as_str()),
        key.id = record.attribution.key.as_ref().map(|id| id.as_str()),
        stream = record.stream,
        outcome = record.outcome.name(),
        status = record.status,
        error.code = record.error.as_ref().map(|error| error.code.name()),
        // Some repeat what the client sent, and are in the record alone.
        error.message = record.error.as_ref().filter(|error| !error.code.quotes_the_caller()).map(|error| error.message.as_str()),
        cache = record.cache.name(),
        attempts = record.attempts.len(),
        tokens.input = amounts.input_tokens(),
        tokens.output = amounts.output_tokens(),
        cost = record.cost().known().map(|nanos| nanos.to_string()),
        duration_ms = u64::try_from(record.finished.since(record.arrived).as_millis()).unwrap_or(u64::MAX),
        "request"
    );
}
