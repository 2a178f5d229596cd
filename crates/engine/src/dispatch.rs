//! Walks the candidates: the error of each says whether to try it again, to move on, or to stop.

use crate::call::Call;
use crate::fit::{self, Fitted};
use crate::health::Circuit;
use crate::reasoning_cache::ReasoningCache;
use crate::record::RequestRecorder;
use crate::reply::failure;
use crate::reserve::reserve_attempt;
use crate::route::{Candidate, RoutePlan};
use crate::shared::EngineContext;
use crate::shares::Hold;
use baton_meter::Tokenizer;
use baton_model::entity::ReasoningStyle;
use baton_model::fault::{ErrorKind, Retry, UpstreamBody};
use baton_model::operation::Prompt;
use baton_model::{Code, Detail, Dialect, Operation, PublicError, ReplyEvent};
use baton_provider_api::{Exchange, Frame, Mode, OutgoingRequest, ProviderError, ReplyForm, check_strict};
use baton_tasks::compute;
use futures::StreamExt;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A reply that has begun: its first content is there.
pub struct Opened {
    /// Who gives it.
    pub candidate: Candidate,
    /// Its head; `frames` goes on after the held ones.
    pub exchange: Exchange,
    /// The frames up to the first content.
    pub buffered: VecDeque<Frame>,
    /// What the client should know.
    pub warnings: Vec<String>,
    /// How many tokens the prompt has by Baton's count, if that was asked.
    pub prompt_tokens: Option<u64>,
    /// The place among the calls to its provider; given back with the reply.
    pub place: Option<Hold>,
}

/// Tries the candidates in order until one begins to reply.
///
/// # Errors
/// The last candidate's error; or, if the prompt fits none of them, the first one's numbers.
pub async fn try_candidates(
    shared: &EngineContext,
    call: &Arc<Call>,
    plan: RoutePlan,
    recorder: &mut RequestRecorder,
    deadline: Option<Instant>,
) -> Result<Opened, PublicError> {
    let mut last: Option<PublicError> = None;
    // A prompt that is too long for one candidate may fit the next, so this error waits until all were tried.
    let mut unfit: Option<PublicError> = None;
    // A policy leaves no room for one candidate, and may for another.
    let mut refused: Option<PublicError> = None;
    // Another provider may have a place where this one has none.
    let mut busy: Option<PublicError> = None;
    // The shortest time until an open circuit lets a request through.
    let mut closed_off: Option<Duration> = None;
    for candidate in plan.candidates {
        // Before fitting: a model that may not be tried costs nothing.
        let pass = match shared.health.try_pass(&candidate.model) {
            Ok(pass) => pass,
            Err(wait) => {
                closed_off = Some(closed_off.map_or(wait, |least| least.min(wait)));
                continue;
            }
        };
        if let Err(error) = check_size(shared, call, &candidate).and_then(|()| check_thread(call, &candidate)) {
            unfit.get_or_insert(error);
            continue;
        }
        // Not waited for: the next candidate may have a place now.
        let place = match take_provider_share(shared, call, &candidate) {
            Ok(place) => place,
            Err(error) => {
                busy.get_or_insert(error);
                continue;
            }
        };
        let fitted = match fit::fit(shared, call, &candidate).await {
            Ok(fitted) => fitted,
            Err(error) if error.code == Code::TokenLimitExceeded => {
                unfit.get_or_insert(error);
                continue;
            }
            // A body that does not read is wrong for every candidate.
            Err(error) => return Err(error),
        };
        let (before, translated) = (recorder.attempts(), !passes_through(call, &candidate));
        let tried = try_candidate(shared, call, candidate, fitted, recorder, deadline).await;
        // Held until the reply has begun, and no longer: a probe that streams for minutes would keep the others out.
        drop(pass);
        match tried {
            Ok(opened) => return Ok(Opened { place, ..opened }),
            // Another candidate may cost less, or be for other policies.
            Err(AttemptFailure::Refused(error)) => {
                shared.metrics.count_refusal(error.code);
                refused.get_or_insert(error);
            }
            Err(AttemptFailure::Provider(error)) => {
                // An error that is the caller's own fault would be the same at every provider. What a provider refuses in
                // a request that Baton wrote for it may be the translation, or what this model alone does not have.
                let refused_translation =
                    error.kind == ErrorKind::InvalidRequest && translated && recorder.attempts() > before;
                let stop = error.retry() == Retry::Never && !refused_translation;
                last = Some(error.into());
                if stop {
                    break;
                }
            }
        }
    }
    // What a provider said tells more than that a prompt did not fit some other one.
    Err(last.or(refused).or(busy).or(unfit).unwrap_or_else(|| unavailable(call, closed_off)))
}

/// Refuses a body that is too large to be translated for the candidate. It may pass through to the next.
fn check_size(shared: &EngineContext, call: &Call, candidate: &Candidate) -> Result<(), PublicError> {
    let limit = shared.settings.max_translated_bytes;
    if call.content.len() <= limit || passes_through(call, candidate) {
        return Ok(());
    }
    let message = format!(
        "the body is larger than {limit} bytes, the limit for requests that are translated into another format \
         (`server.max_translated_bytes`)"
    );
    Err(PublicError::new(Code::PayloadTooLarge, message).detail("limit_bytes", limit.to_string()))
}

/// Refuses a conversation that the client wants kept, or that says only what is new: no other format has threads. Told in
/// the vendor's own code, an SDK sends all of it and asks for no thread again.
fn check_thread(call: &Call, candidate: &Candidate) -> Result<(), PublicError> {
    let asked = call.content.body().and_then(|body| body.value("thread")).is_some_and(|thread| thread != b"null");
    if !asked || call.wire.dialect != Dialect::Anthropic || passes_through(call, candidate) {
        return Ok(());
    }
    let message = format!("thread: not supported by `{}`; send the whole conversation", candidate.model.id);
    Err(PublicError::new(Code::InvalidRequest, message)
        .at("thread")
        .detail("error_code", "\"thread_unsupported_request\"")
        .detail("unsupported", "[\"model\"]"))
}

/// A place for a call to the candidate's provider, if that has a bound.
fn take_provider_share(
    shared: &EngineContext,
    call: &Call,
    candidate: &Candidate,
) -> Result<Option<Hold>, PublicError> {
    let Some(most) = candidate.provider.settings().max_in_flight else { return Ok(None) };
    shared.limits.reserve_at(&candidate.model.provider, most, &call.identity.caller).map(Some)
}

/// No candidate was tried.
fn unavailable(call: &Call, closed_off: Option<Duration>) -> PublicError {
    let selector = &call.routing.selector;
    let message = match closed_off {
        Some(_) => format!("the provider of `{selector}` has failed repeatedly and is not called for a while"),
        None => format!("no model can serve `{selector}` at the moment"),
    };
    // In whole seconds, upwards: a client that comes back a moment too early would be refused again.
    let retry_after = closed_off.map(|wait| Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)));
    PublicError { retry_after, ..PublicError::new(Code::ProviderNotAvailable, message) }
}

/// Why a candidate gave no reply.
enum AttemptFailure {
    /// A policy leaves no room for it; nothing was sent.
    Refused(PublicError),
    /// It failed.
    Provider(ProviderError),
}

impl From<PublicError> for AttemptFailure {
    fn from(error: PublicError) -> Self {
        Self::Refused(error)
    }
}

impl From<ProviderError> for AttemptFailure {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

/// Tries one candidate, and again as often as its provider's settings and its errors invite.
async fn try_candidate(
    shared: &EngineContext,
    call: &Arc<Call>,
    candidate: Candidate,
    mut fitted: Fitted,
    recorder: &mut RequestRecorder,
    deadline: Option<Instant>,
) -> Result<Opened, AttemptFailure> {
    let operation = match passes_through(call, &candidate) {
        true => None,
        false => Some(prepare_operation(shared, call, &candidate, &mut fitted).await?),
    };
    // What fitting changed is known already; what the format drops, once the provider has written the request.
    check_strict(candidate.is_strict(call), &fitted.warnings)?;
    let mut retries = candidate.provider.settings().retries;
    let mut pause = shared.settings.retry.pause;
    let budgets = &shared.retry_budgets;
    // Once, however many attempts follow: retries that earned retries would never end.
    budgets.note_request(&candidate.model.provider);
    let mut last: Option<ProviderError> = None;
    loop {
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            // Earlier attempts have taken it all.
            return Err(ProviderError::new(ErrorKind::Timeout, "the request's timeout has passed").into());
        }
        // Anew for each attempt: one that failed may be billed, and holds what it reserved until that is known.
        recorder.settle_earlier();
        let reservation = match reserve_attempt(shared, call, &candidate, &mut fitted, recorder).await {
            Ok(reservation) => reservation,
            // What a provider said tells more than that there is no room to ask it again.
            Err(error) => return Err(last.map_or_else(|| error.into(), AttemptFailure::Provider)),
        };
        // The start is in the journal before the request leaves, so that a crash does not hide a call that is billed.
        recorder.start_attempt(&candidate.model, candidate.dialect, reservation).await?;
        let mut error = match start_attempt(call, &candidate, &fitted, operation.as_deref(), recorder, deadline).await {
            Ok((exchange, buffered)) => {
                let mut warnings = fitted.warnings;
                warnings.append(&mut recorder.take_policy_warnings());
                warnings.extend(exchange.dropped.iter().cloned());
                let prompt_tokens = fitted.prompt_tokens;
                return Ok(Opened { candidate, exchange, buffered, warnings, prompt_tokens, place: None });
            }
            Err(error) => error,
        };
        if error.kind == ErrorKind::Timeout && deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            // The client's own time, and no setting of the provider, whose sentence would name what was left of it.
            error.message = "the request's timeout has passed".to_owned();
        }
        // Before the circuit is asked below, because this failure may be the one that opens it.
        recorder.fail_attempt(&mut error);
        let Retry::SameTarget(after) = error.retry() else { return Err(error.into()) };
        let wait = after.unwrap_or_else(|| shared.vary(pause));
        // The deadline is compared as time left, because a moment plus a long wait can be beyond what the clock holds.
        let in_time = deadline.is_none_or(|deadline| wait < deadline.saturating_duration_since(Instant::now()));
        if retries == 0 || wait > shared.settings.retry.longest || !in_time {
            return Err(error.into());
        }
        // Asked last, because asking takes a retry from the budget. A model whose circuit this failure has opened, or
        // that others found broken meanwhile, is not tried again.
        if shared.health.circuit(&candidate.model) == Circuit::Open || !budgets.take_retry(&candidate.model.provider) {
            return Err(error.into());
        }
        // Counted only once a retry is certain: `SameTarget` with no retries left moves on to the next candidate.
        retries -= 1;
        pause = pause.saturating_mul(2);
        last = Some(error);
        tokio::time::sleep(wait).await;
    }
}

/// Sends the request and holds the frames back until the first content, so that an error inside a stream that began
/// with 200 can still go to another model.
async fn start_attempt(
    call: &Call,
    candidate: &Candidate,
    fitted: &Fitted,
    operation: Option<&Operation>,
    recorder: &mut RequestRecorder,
    deadline: Option<Instant>,
) -> Result<(Exchange, VecDeque<Frame>), ProviderError> {
    let mode = match (operation, call.content.body()) {
        (Some(operation), _) => Mode::Translated(operation),
        (None, Some(body)) => Mode::Passthrough(body),
        (None, None) => {
            return Err(ProviderError::new(ErrorKind::Internal, "a request without a body or an operation"));
        }
    };
    let detail =
        if candidate.wire() == call.wire && !recorder.collects_text() { Detail::MeterOnly } else { Detail::Full };
    // Taken anew for each attempt: the trace context names the span of this attempt.
    let headers = recorder.headers();
    let outgoing = OutgoingRequest {
        target: &fitted.target,
        capability: candidate.serves,
        dialect: candidate.dialect,
        mode,
        size: call.content.len(),
        strict: candidate.is_strict(call),
        form: call.options.form,
        detail,
        headers: &headers,
        // A query belongs to its format: another would not know it.
        query: call.options.query.as_deref().filter(|_| candidate.dialect == call.wire.dialect),
        timeout: deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())),
    };
    let mut exchange = candidate.provider.send(outgoing).await?;
    if let Some(attempt) = recorder.current_attempt() {
        attempt.observe_headers(&exchange.headers);
    }
    let mut buffered = VecDeque::new();
    while let Some(frame) = exchange.frames.next().await {
        let frame = frame?;
        if let Some(attempt) = recorder.current_attempt() {
            // Held frames are metered at once: an attempt that fails here may have consumed tokens.
            attempt.observe_frame(&frame);
            if exchange.form == ReplyForm::Whole {
                attempt.mark_complete();
            }
        }
        if let Some(mut error) = failure(&frame) {
            // A client of the same format sees what the provider sent, as if it had asked itself.
            error.upstream = error.upstream.or_else(|| {
                let before = buffered.iter().flat_map(|frame: &Frame| frame.bytes.iter().copied());
                Some(UpstreamBody {
                    dialect: exchange.dialect,
                    status: 200,
                    content_type: exchange.content_type.clone(),
                    headers: exchange.headers.clone(),
                    body: before.chain(frame.bytes.iter().copied()).collect(),
                })
            });
            return Err(error);
        }
        let begun = frame.events.iter().any(|event| event.is_content() || *event == ReplyEvent::Ended);
        buffered.push_back(frame);
        // A whole reply is one frame whatever it holds.
        if begun || exchange.form == ReplyForm::Whole {
            return Ok((exchange, buffered));
        }
    }
    if buffered.is_empty() {
        return Err(ProviderError::new(ErrorKind::Protocol, "the provider's reply is empty"));
    }
    Ok((exchange, buffered))
}

/// Whether the client's own bytes can go out: the candidate speaks its format.
fn passes_through(call: &Call, candidate: &Candidate) -> bool {
    candidate.wire() == call.wire && call.content.body().is_some()
}

/// What the candidate is asked, in the canonical vocabulary, with the reasoning that the client dropped.
///
/// Borrowed where it is what the client sent: a copy of a large conversation costs several times its size.
async fn prepare_operation<'c>(
    shared: &EngineContext,
    call: &'c Call,
    candidate: &Candidate,
    fitted: &mut Fitted,
) -> Result<Cow<'c, Operation>, ProviderError> {
    let mut operation = compute(call.content.len(), || translate_operation(call, candidate))?;
    if let Operation::Embedding(request) = &*operation
        && !candidate.dialect.takes_token_ids()
        && request.input.iter().any(|prompt| matches!(prompt, Prompt::Tokens(_)))
        && let Operation::Embedding(request) = operation.to_mut()
    {
        compute(call.content.len(), || write_as_text(&mut request.input))?;
        fitted.warnings.push("input: token ids were sent as the text that they have in cl100k".into());
    }
    if let Operation::Chat(request) = &*operation
        && candidate.dialect.signs_reasoning()
        && ReasoningCache::may_restore(request)
        && let Operation::Chat(request) = operation.to_mut()
    {
        let complete = shared.reasoning_cache.restore(call, &candidate.model.provider, request).await;
        let by_budget = candidate.model.quirks.reasoning == ReasoningStyle::Budget;
        if !complete && by_budget && request.reasoning.take().is_some() {
            // Such a model refuses to continue reasoning if it can't see its earlier reasoning.
            fitted.warnings.push("reasoning: dropped, because the reasoning before the tool calls is unknown".into());
        }
    }
    Ok(operation)
}

/// Token ids as text, for vendors that take texts alone. Clients that send ids make them with the encoding of OpenAI's
/// embedding models, whatever the model is.
fn write_as_text(input: &mut [Prompt]) -> Result<(), ProviderError> {
    for (place, prompt) in input.iter_mut().enumerate() {
        let Prompt::Tokens(tokens) = prompt else { continue };
        let text = Tokenizer::CL100K.decode(tokens).ok_or_else(|| {
            let message = format!("input[{place}]: must be text, or token ids of cl100k, because the model takes text");
            ProviderError { param: Some("input".into()), ..ProviderError::new(ErrorKind::InvalidRequest, message) }
        })?;
        *prompt = Prompt::Text(text);
    }
    Ok(())
}

fn translate_operation<'c>(call: &'c Call, candidate: &Candidate) -> Result<Cow<'c, Operation>, ProviderError> {
    let operation = call.content.read_operation().map_err(to_provider_error)?;
    match operation {
        Operation::Completion(request) if candidate.serves == baton_model::Capability::Chat => request
            .as_chat()
            .map(|chat| Cow::Owned(Operation::Chat(Box::new(chat))))
            .map_err(|reason| ProviderError::new(ErrorKind::InvalidRequest, reason)),
        other => Ok(Cow::Borrowed(other)),
    }
}

/// The error of one caller, for another who waits for the same reply.
pub fn to_provider_error(error: PublicError) -> ProviderError {
    let kind = ErrorKind::ALL.into_iter().find(|kind| kind.code() == error.code).unwrap_or(ErrorKind::Internal);
    ProviderError {
        param: error.param,
        retry_after: error.retry_after,
        upstream: error.upstream,
        ..ProviderError::new(kind, error.message)
    }
}
