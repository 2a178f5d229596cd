//! What an attempt may use at most, and the reservation of it.

use crate::call::Call;
use crate::fit::{self, Fitted};
use crate::policy::{AttemptNeed, Refusal, Reservation};
use crate::record::RequestRecorder;
use crate::route::Candidate;
use crate::shared::EngineContext;
use baton_meter::price::{UsageBound, cost_at_most};
use baton_model::operation::{ImageFormRequest, Prompt, TranscriptionRequest};
use baton_model::schema::journal::ReservedUsage;
use baton_model::{Capability, Code, Nanos, Operation, PublicError, UsageClass};
use memchr::memmem;
use std::sync::Arc;

/// The output of a model of which nobody knows how much it may be.
const UNKNOWN_OUTPUT: u64 = 32_768;
/// Searches that a model may make while it replies, where it is allowed to.
const SEARCHES: u64 = 10;
/// Tokens of a generated image: those of the largest size at the highest quality.
// OpenAI's guide on image generation: 6,240 for 1536 × 1024 in `high`.
const IMAGE_TOKENS: u64 = 8_192;
/// Tokens of an image that is read.
const IMAGE_READ_TOKENS: u64 = 16_384;
/// How often an output limit is lowered to what a budget has left; others may reserve in between.
const SHRINKS: usize = 3;

/// Reserves what an attempt may take at most. Where there is no room, the prompt is counted, which makes the reservation smaller than
/// its bytes do; where there is none then, and a policy or `x-baton-max-cost` says so, the output limit is lowered to what is left.
///
/// # Errors
/// `budget_exceeded`, `rate_limit_exceeded`; `overloaded` if what was spent can't be known.
pub async fn reserve_attempt(
    shared: &EngineContext,
    call: &Arc<Call>,
    candidate: &Candidate,
    fitted: &mut Fitted,
    recorder: &RequestRecorder,
) -> Result<Reservation, PublicError> {
    let Some(concern) = recorder.concern() else {
        if call.routing.max_cost.is_none() {
            return Ok(Reservation::at(shared.clock.now()));
        }
        return reserve_within(shared, call, candidate, fitted, recorder, None).await;
    };
    reserve_within(shared, call, candidate, fitted, recorder, Some(concern)).await
}

async fn reserve_within(
    shared: &EngineContext,
    call: &Arc<Call>,
    candidate: &Candidate,
    fitted: &mut Fitted,
    recorder: &RequestRecorder,
    concern: Option<&crate::policy::Concern>,
) -> Result<Reservation, PublicError> {
    let is_free = matches!(call.wire.capability, Capability::TokenCount | Capability::Moderation);
    let (mut counted, mut shrinks) = (false, 0);
    loop {
        let usage = usage_bound(shared, call, candidate, fitted, counted).await?;
        let need = AttemptNeed { usage, is_free };
        let reserved = match check_max_cost(shared, call, candidate, recorder, &need) {
            Err(refusal) => Err(refusal),
            Ok(()) => match concern {
                None => Ok(Reservation::at(shared.clock.now())),
                Some(concern) => {
                    let Call { identity, .. } = &**call;
                    let of = &identity.attribution;
                    shared.policies.reserve_attempt(concern, &identity.caller, of, &candidate.model, &need).await
                }
            },
        };
        let refusal = match reserved {
            Ok(mut reservation) => {
                let UsageBound { input, output, .. } = need.usage;
                let cost = cost_at_most(&need.usage, candidate.model.price.as_ref(), reservation.at);
                let cost = cost.ok().map(|nanos| nanos.0).filter(|_| !is_free);
                reservation.usage = Some(ReservedUsage { input, output, cost });
                return Ok(reservation);
            }
            Err(refusal) => refusal,
        };
        // A body has about four bytes a token: what its length leaves no room for may fit by its tokens.
        if !counted && matches!(refusal.error.code, Code::BudgetExceeded | Code::RateLimitExceeded) {
            counted = true;
            continue;
        }
        let room = refusal.shrink_to.filter(|_| shrinks < SHRINKS);
        let output = room.and_then(|room| output_within(shared, call, candidate, &need.usage, room));
        let Some(output) = output else { return Err(refusal.error) };
        shrinks += 1;
        let before = fitted.target.max_output_tokens.or(call.options.max_output_tokens);
        let from = before.map_or_else(|| "none".to_owned(), |before| before.to_string());
        fitted.target.max_output_tokens = Some(output);
        fitted.warnings.retain(|warning| !warning.ends_with(LOWERED));
        fitted.warnings.push(format!("max_tokens: lowered from {from} to {output}{LOWERED}"));
    }
}

/// What the end of the warning says.
const LOWERED: &str = ", which is what the budget has left";

/// Whether an attempt stays within what the client wants to pay, together with those before it.
fn check_max_cost(
    shared: &EngineContext,
    call: &Call,
    candidate: &Candidate,
    recorder: &RequestRecorder,
    need: &AttemptNeed,
) -> Result<(), Refusal> {
    let Some(most) = call.routing.max_cost.filter(|_| !need.is_free) else { return Ok(()) };
    let name = "x-baton-max-cost";
    let refuse = |message: String| {
        PublicError::new(Code::BudgetExceeded, message).at(name).detail("policy", format!("\"{name}\""))
    };
    let model = &candidate.model;
    let cost = cost_at_most(&need.usage, model.price.as_ref(), shared.clock.now())
        .map_err(|reason| refuse(format!("{name}: nobody knows what `{}` costs: {reason}", model.id)))?;
    // An attempt before this one of unknown cost may have cost anything.
    let spent = recorder.cost().known().ok_or_else(|| refuse(format!("{name}: what was spent so far is not known")))?;
    let left = Nanos(most.0.saturating_sub(spent.0));
    if cost <= left {
        return Ok(());
    }
    let error = refuse(format!("{name}: the request may cost {cost} dollars with `{}`, and {left} are left", model.id))
        .detail("amount", most.to_string())
        .detail("spent", spent.to_string())
        .detail("remaining", left.to_string());
    Err(Refusal { error, shrink_to: Some(left) })
}

/// The largest output limit whose cost stays within an amount; `None` if no token fits, or the limit is not what costs.
fn output_within(
    shared: &EngineContext,
    call: &Call,
    candidate: &Candidate,
    bound: &UsageBound,
    room: Nanos,
) -> Option<u64> {
    if !matches!(call.wire.capability, Capability::Chat | Capability::Completion) {
        return None;
    }
    let replies = replies(call);
    let now = shared.clock.now();
    let fits = |each: u64| {
        let bound = UsageBound { output: each.saturating_mul(replies), ..bound.clone() };
        cost_at_most(&bound, candidate.model.price.as_ref(), now).is_ok_and(|cost| cost <= room)
    };
    // Costs grow with the output, so the largest that fits is found by halving.
    let (mut fitting, mut too_many) = (0, bound.output / replies.max(1));
    while too_many - fitting > 1 {
        let middle = fitting + (too_many - fitting) / 2;
        if fits(middle) {
            fitting = middle;
        } else {
            too_many = middle;
        }
    }
    (fitting > 0 && fits(fitting)).then_some(fitting)
}

/// The most that an attempt uses. `counted`: by the tokens of its prompt, which takes longer to know than its bytes.
async fn usage_bound(
    shared: &EngineContext,
    call: &Arc<Call>,
    candidate: &Candidate,
    fitted: &Fitted,
    counted: bool,
) -> Result<UsageBound, PublicError> {
    let mut bound = match call.wire.capability {
        Capability::Chat | Capability::Completion => {
            let each = fitted.target.max_output_tokens.or(call.options.max_output_tokens);
            let model = &candidate.model;
            let each = each.or(model.max_tokens).or(model.token_limit).unwrap_or(UNKNOWN_OUTPUT);
            let input = prompt_at_most(shared, call, candidate, counted).await?;
            UsageBound::of_text(input, each.saturating_mul(replies(call)))
        }
        Capability::Embedding => UsageBound::of_text(prompt_at_most(shared, call, candidate, counted).await?, 0),
        _ => match call.content.read_operation() {
            Ok(operation) => media_bound(operation, call.content.len() as u64),
            // What nobody can read is counted by its bytes.
            Err(_) => UsageBound::of_text(call.content.len() as u64, UNKNOWN_OUTPUT),
        },
    };
    if let Some(body) = call.content.body() {
        let has = |word: &str| memmem::find(&body.bytes, word.as_bytes()).is_some();
        let text = |name: &str| body.value(name).filter(|value| *value != b"null");
        if has("cache_control") {
            bound.input_classes.extend([UsageClass::CacheWrite, UsageClass::CacheWrite1h]);
        }
        if has("web_search") {
            bound.pieces.push((UsageClass::WebSearches, SEARCHES));
        }
        if text("modalities").is_some_and(|value| memmem::find(value, b"audio").is_some()) {
            bound.output_classes.push(UsageClass::AudioOutput);
        }
        if fit::may_hold_media(call) {
            bound.input_classes.extend([UsageClass::ImageInput, UsageClass::AudioInput]);
        }
        bound.service_tier = text("service_tier").map(|value| String::from_utf8_lossy(value).into_owned());
    }
    Ok(bound)
}

/// How many tokens a prompt has at most.
async fn prompt_at_most(
    shared: &EngineContext,
    call: &Arc<Call>,
    candidate: &Candidate,
    counted: bool,
) -> Result<u64, PublicError> {
    let bytes = call.content.len() as u64;
    // A token has at least one byte, unless what it stands for is somewhere else.
    if !counted && bytes > 0 && !fit::may_hold_media(call) {
        return Ok(bytes);
    }
    let count = fit::count_prompt(shared, call, candidate).await?;
    Ok(count.at_most)
}

/// How many replies are asked for at once; each may be as long as the limit allows.
fn replies(call: &Call) -> u64 {
    let number = |name: &str| {
        let value = call.content.body()?.value(name)?;
        std::str::from_utf8(value).ok()?.trim().parse::<u64>().ok()
    };
    let choices = number("n").unwrap_or(1).max(number("best_of").unwrap_or(1)).max(1);
    let prompts = match (call.wire.capability, call.content.read_if_read()) {
        (Capability::Completion, Some(Operation::Completion(request))) => request.prompts.len() as u64,
        _ => 1,
    };
    choices.saturating_mul(prompts.max(1))
}

/// The most that a request for images or sound uses.
fn media_bound(operation: &Operation, bytes: u64) -> UsageBound {
    match operation {
        Operation::Image(request) => images(u64::from(request.n.unwrap_or(1)), request.prompt.len() as u64, 0),
        Operation::ImageForm(request) => image_form(request),
        Operation::Transcription(request) => transcription(request),
        Operation::Speech(request) => {
            let characters = request.input.chars().count() as u64;
            UsageBound {
                input: request.input.len() as u64,
                input_classes: vec![UsageClass::Input],
                // Speech has about 15 characters and 20 tokens a second; slow speech has fewer characters.
                output: characters.saturating_mul(4).saturating_add(100),
                output_classes: vec![UsageClass::AudioOutput],
                pieces: vec![(UsageClass::Characters, characters)],
                ..UsageBound::default()
            }
        }
        Operation::Embedding(request) => {
            let size = |prompt: &Prompt| match prompt {
                Prompt::Text(text) => text.len() as u64,
                Prompt::Tokens(tokens) => tokens.len() as u64,
            };
            UsageBound::of_text(request.input.iter().map(size).sum(), 0)
        }
        Operation::Chat(_) | Operation::Completion(_) => UsageBound::of_text(bytes, UNKNOWN_OUTPUT),
    }
}

fn images(number: u64, prompt: u64, read: u64) -> UsageBound {
    UsageBound {
        input: prompt.saturating_add(read.saturating_mul(IMAGE_READ_TOKENS)),
        input_classes: vec![UsageClass::Input, UsageClass::ImageInput],
        output: number.saturating_mul(IMAGE_TOKENS),
        output_classes: vec![UsageClass::ImageOutput],
        pieces: vec![(UsageClass::Images, number)],
        ..UsageBound::default()
    }
}

fn image_form(request: &ImageFormRequest) -> UsageBound {
    let text = |name: &str| {
        let part = request.parts.iter().find(|part| part.name == name)?;
        std::str::from_utf8(&part.content).ok()
    };
    let number = text("n").and_then(|number| number.trim().parse().ok()).unwrap_or(1);
    let files = request.parts.iter().filter(|part| part.filename.is_some()).count() as u64;
    images(number, text("prompt").map_or(0, |prompt| prompt.len() as u64), files)
}

fn transcription(request: &TranscriptionRequest) -> UsageBound {
    let millis = duration_at_most(&request.file);
    UsageBound {
        // Vendors that count tokens of sound count ten a second, and speech has three words a second at most.
        input: millis / 50,
        input_classes: vec![UsageClass::AudioInput, UsageClass::Input],
        output: (millis / 100).saturating_add(16),
        output_classes: vec![UsageClass::Output],
        pieces: vec![(UsageClass::AudioMillis, millis)],
        ..UsageBound::default()
    }
}

/// How long a sound file lasts at most, in milliseconds.
fn duration_at_most(file: &[u8]) -> u64 {
    // The one byte rate that stands in a header without more: WAV's, at 28.
    let rate = file.get(28..32).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).map(u32::from_le_bytes);
    let length = file.len() as u64;
    match rate {
        Some(rate) if file.starts_with(b"RIFF") && rate >= 1_000 => length.saturating_mul(1_000) / u64::from(rate) + 1,
        // Speech takes 8 kilobits a second at least, which is a byte a millisecond.
        _ => length,
    }
}
