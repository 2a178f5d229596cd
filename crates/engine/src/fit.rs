//! Whether a prompt fits a model, before anything is sent: exact where the length in bytes can't settle it.

use crate::call::Call;
use crate::provider_counts::ProviderCounts;
use crate::route::Candidate;
use crate::shared::EngineContext;
use baton_meter::count::{self, Breakdown, CountMethod, Section, TokenCount};
use baton_model::operation::Prompt;
use baton_model::{Capability, Code, Model, Operation, PublicError, Target};
use baton_provider_api::ReplyForm;
use baton_tasks::{blocking, compute};
use std::sync::Arc;
use std::time::Duration;

/// An attempt's aim, with its limits set, and what the client should know of that.
#[derive(Debug)]
pub struct Fitted {
    /// The aim.
    pub target: Target,
    /// What was changed: `max_tokens: lowered from 4096 to 1000 …`.
    pub warnings: Vec<String>,
    /// How many tokens the prompt has by Baton's count, where the client's format says it before the provider does.
    pub prompt_tokens: Option<u64>,
}

/// What stands in place of a tokenizer where the bytes alone settle that a prompt fits.
const BOUND: &str = "bytes";
/// How long a provider may take to count: the estimate decides if it takes longer.
const COUNTING: Duration = Duration::from_secs(2);
/// What is left for the reply in a context window when the client sets no limit.
const ANSWER: u64 = 2048;
/// The smallest context window that is asked for: less would only make the provider load the model again.
const SMALLEST_WINDOW: u64 = 4096;

/// Fits a request to a model: refuses a prompt that is too long, lowers an output limit that is too high, and says
/// how large a context window is needed where the provider wants to know.
///
/// # Errors
/// `token_limit_exceeded` with both numbers; or what is wrong with the body, if it had to be read.
pub async fn fit(shared: &EngineContext, call: &Arc<Call>, candidate: &Candidate) -> Result<Fitted, PublicError> {
    let model = &candidate.model;
    let mut target = Target::new(Arc::clone(model));
    let mut warnings = Vec::new();
    match call.wire.capability {
        Capability::Chat | Capability::Completion => {}
        Capability::Embedding => {
            compute(call.content.len(), || check_texts(call, model))?;
            return Ok(Fitted { target, warnings, prompt_tokens: None });
        }
        _ => return Ok(Fitted { target, warnings, prompt_tokens: None }),
    }
    let wanted = call.options.max_output_tokens;
    let mut output = wanted;
    if let (Some(tokens), Some(largest)) = (output, model.max_tokens)
        && tokens > largest
    {
        output = Some(largest);
        warnings.push(format!("max_tokens: lowered from {tokens} to {largest}, the largest output of `{}`", model.id));
    }
    let sizes_context = candidate.provider.sizes_context();
    // The size as far as it is known, and whether it is a count and no mere bound.
    let (mut prompt, mut counted) = (None, false);
    if let Some(limit) = model.token_limit {
        let size = size(shared, call, candidate, limit, output.unwrap_or(0)).await?;
        // A prompt that fills the window leaves no token for the reply, so it counts as too long.
        if size.tokens >= limit {
            return Err(limit_error(model, size, limit));
        }
        if let Some(tokens) = output
            && size.tokens.saturating_add(tokens) > limit
        {
            let room = limit - size.tokens;
            output = Some(room);
            warnings.push(format!(
                "max_tokens: lowered from {tokens} to {room}, the rest of {limit} tokens after the prompt"
            ));
        }
        (prompt, counted) = (Some(size.tokens), size.rule != BOUND && size.rule != count::FEATURES);
    }
    // An untouched limit stays unset in the target, so that bytes can pass through unread.
    if output != wanted {
        target.max_output_tokens = output;
    }
    // A window that nobody knows is left to a client that can ask for it itself.
    let left_to_client = candidate.dialect == call.wire.dialect && model.token_limit.is_none();
    if sizes_context && !left_to_client {
        let prompt = match prompt {
            Some(tokens) => tokens,
            None => count_prompt(shared, call, candidate).await?.tokens,
        };
        let window = window(prompt.saturating_add(output.unwrap_or(ANSWER)));
        target.context_window = Some(model.token_limit.map_or(window, |limit| window.min(limit)));
    }
    let prompt_tokens = match prompt {
        // A count takes a while, and the other formats have no place for it.
        _ if !begins_with_prompt_size(call, candidate) => None,
        Some(tokens) if counted => Some(tokens),
        _ => Some(count_prompt(shared, call, candidate).await?.tokens),
    };
    Ok(Fitted { target, warnings, prompt_tokens })
}

/// Whether the client's stream begins with the size of the prompt, and the provider's does not.
fn begins_with_prompt_size(call: &Call, candidate: &Candidate) -> bool {
    call.options.form == ReplyForm::Stream
        && call.wire.dialect.begins_with_prompt_size()
        && !candidate.dialect.begins_with_prompt_size()
}

/// The next of a few sizes: a provider loads the model anew for each size, so few are better than exact ones.
fn window(tokens: u64) -> u64 {
    // Ollama unloads and loads a model when `num_ctx` changes, which takes seconds.
    tokens.max(SMALLEST_WINDOW).checked_next_power_of_two().unwrap_or(tokens)
}

/// The size of the prompt, by the cheapest way that settles whether it fits with its reply: its bytes, its features, a
/// count, and the provider's own count where Baton's leaves a doubt.
async fn size(
    shared: &EngineContext,
    call: &Arc<Call>,
    candidate: &Candidate,
    limit: u64,
    output: u64,
) -> Result<TokenCount, PublicError> {
    let model = &candidate.model;
    let bytes = call.content.len() as u64;
    // A window is sized by the tokens, so a bound is good enough only while it changes nothing.
    let small = !candidate.provider.sizes_context() || bytes + ANSWER <= SMALLEST_WINDOW;
    // A token has at least one byte, so a body that is shorter than the window fits without being counted. Most
    // requests end here.
    if small && bytes > 0 && bytes.saturating_add(output) < limit && !may_hold_media(call) {
        let bound = TokenCount::exact(Breakdown::only(Section::Messages, bytes), BOUND, BOUND);
        return Ok(TokenCount { method: CountMethod::Estimate, ..bound });
    }
    let key = call.identity.attribution.key.as_ref();
    let estimate = compute(call.content.len(), || {
        Ok::<_, PublicError>(shared.calibration.estimate(call.content.read_operation()?, model, key))
    })?;
    if estimate.at_most.saturating_add(output) < limit {
        return Ok(estimate);
    }
    let count = count_prompt(shared, call, candidate).await?;
    // As far below the count as the bound is above it.
    let at_least = count.tokens.saturating_mul(2).saturating_sub(count.at_most);
    if count.is_exact() || count.at_most < limit || at_least >= limit {
        return Ok(count);
    }
    count_at_provider(shared, call, candidate, count).await
}

/// The provider's own count, where it has an endpoint for it; else the one at hand.
async fn count_at_provider(
    shared: &EngineContext,
    call: &Arc<Call>,
    candidate: &Candidate,
    count: TokenCount,
) -> Result<TokenCount, PublicError> {
    let model = &candidate.model;
    let Operation::Chat(request) = call.content.read_operation()? else { return Ok(count) };
    let target = Target::new(Arc::clone(model));
    let Some(counting) = candidate.provider.count_tokens(request, &target) else { return Ok(count) };
    let exact = |tokens| TokenCount::exact(Breakdown::only(Section::Messages, tokens), "provider", "provider");
    let key = call.content.body().map(|body| ProviderCounts::key(model, &body.bytes));
    if let Some(tokens) = key.and_then(|key| shared.provider_counts.get(&key)) {
        return Ok(exact(tokens));
    }
    match tokio::time::timeout(COUNTING, counting).await {
        Ok(Ok(tokens)) => {
            if let Some(key) = key {
                shared.provider_counts.insert(key, tokens);
            }
            Ok(exact(tokens))
        }
        Ok(Err(error)) => {
            tracing::warn!(model.id = %model.id, error = error.chain(), "the provider could not count a prompt; Baton's estimate is used");
            Ok(count)
        }
        Err(_) => {
            tracing::warn!(model.id = %model.id, "the provider took too long to count a prompt; Baton's estimate is used");
            Ok(count)
        }
    }
}

/// Counts the prompt on a thread of its own: a megabyte takes a while, and the first count loads the tables.
pub async fn count_prompt(
    shared: &EngineContext,
    call: &Arc<Call>,
    candidate: &Candidate,
) -> Result<TokenCount, PublicError> {
    let (call, model, dialect) = (Arc::clone(call), Arc::clone(&candidate.model), candidate.dialect);
    let calibration = Arc::clone(&shared.calibration);
    let counting = blocking("token_count", move || {
        let key = call.identity.attribution.key.as_ref();
        Ok(calibration.count(call.content.read_operation()?, &model, dialect, key))
    });
    counting.await.unwrap_or_else(|| Err(PublicError::new(Code::Internal, "the prompt could not be counted")))
}

/// Whether the body may hold something whose tokens its bytes don't bound: an image by its address has few bytes and
/// many tokens.
pub fn may_hold_media(call: &Call) -> bool {
    // Such a part has certain keys, which the scan has looked for.
    call.content.body().is_none_or(|body| body.fields.iter().any(|field| field.words.media))
}

/// Each text of an embedding has the whole window to itself.
fn check_texts(call: &Call, model: &Model) -> Result<(), PublicError> {
    let Some(limit) = model.token_limit else { return Ok(()) };
    if !call.content.is_empty() && call.content.len() as u64 <= limit {
        return Ok(());
    }
    let Operation::Embedding(request) = call.content.read_operation()? else { return Ok(()) };
    // The provider cuts such texts itself, so none is too long.
    if request.truncate == Some(true) {
        return Ok(());
    }
    for text in &request.input {
        let count = match text {
            Prompt::Text(text) if text.len() as u64 <= limit => continue,
            Prompt::Text(text) => count::text(text, model),
            Prompt::Tokens(tokens) => {
                TokenCount::exact(Breakdown::only(Section::Messages, tokens.len() as u64), "client", "client")
            }
        };
        if count.tokens > limit {
            return Err(limit_error(model, count, limit));
        }
    }
    Ok(())
}

fn limit_error(model: &Model, count: TokenCount, limit: u64) -> PublicError {
    let about = if count.is_exact() { "" } else { "about " };
    PublicError::new(
        Code::TokenLimitExceeded,
        format!("the prompt has {about}{} tokens, but the context window of `{}` has {limit}", count.tokens, model.id),
    )
    .detail("tokens", count.tokens.to_string())
    .detail("token_limit", limit.to_string())
    .detail("method", format!("\"{}\"", count.method.name()))
}
