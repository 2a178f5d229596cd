//! The path of every request, whatever it asks and however it is sent:
//! `admit → limit → cache → route → dispatch → meter → record`.
//!
//! The last two have no line of their own here: the meter reads the frames that pass ([`crate::reply_stream`]), and the
//! [`RequestRecorder`] records the request when its reply ends, however it ends.

use crate::admit::admit;
use crate::ask::ask_provider;
use crate::cache::CachePlan;
use crate::call::Call;
use crate::coalesce::{self, CallRole, ReplyKeys};
use crate::record::{Admitted, RequestRecorder};
use crate::registry::Snapshot;
use crate::reply::Reply;
use crate::shared::EngineContext;
use baton_model::record::CacheUse;
use baton_model::{Model, PublicError};
use baton_tasks::compute;
use std::sync::Arc;

/// Serves a call.
///
/// # Errors
/// The error if no reply begins; the request is recorded then too, once it was admitted.
pub async fn serve(shared: &Arc<EngineContext>, call: Call) -> Result<Reply, PublicError> {
    let call = Arc::new(call);
    // One snapshot for the whole request: a model that is changed meanwhile does not change it halfway.
    let snapshot = shared.registry.snapshot();
    let model = admit(shared, &snapshot, &call)?;
    // After `admit`, so that requests that are refused anyway take no place.
    let place = shared.limits.reserve(&call.identity.caller)?;
    let admitted = keep_to_policies(shared, &call).await?;
    let recorder = RequestRecorder::new(Arc::clone(shared), Arc::clone(&call), place, admitted);
    // With its place, so that waiting requests count: fewer are let in while the ledger is behind.
    shared.ledger.throttle().await;
    match shared.cache.plan(&call) {
        Some(cache_plan) => serve_cacheable(shared, call, snapshot.clone(), model, cache_plan, recorder).await,
        None => {
            let (head, stream) = ask_provider(shared, &call, &snapshot, model, recorder).await?;
            Ok(Reply { head, frames: stream.into_stream() })
        }
    }
}

/// What the request has to keep to, with itself reserved.
async fn keep_to_policies(shared: &EngineContext, call: &Call) -> Result<Admitted, PublicError> {
    let (caller, of) = (&call.identity.caller, &call.identity.attribution);
    let Some(concern) = shared.policies.concern(caller, of, call.routing.run_budget.as_ref()) else {
        return Ok(Admitted::default());
    };
    let reserved = shared.policies.admit(&concern, caller, of).await;
    let reservation = reserved.inspect_err(|error| shared.metrics.count_refusal(error.code))?;
    Ok(Admitted { concern: Some(concern), reservation })
}

/// Serves a call whose reply may be cached, or may be under way for an identical call.
async fn serve_cacheable(
    shared: &Arc<EngineContext>,
    call: Arc<Call>,
    snapshot: Arc<Snapshot>,
    model: &Arc<Model>,
    cache_plan: CachePlan,
    mut recorder: RequestRecorder,
) -> Result<Reply, PublicError> {
    let key = compute(call.content.len(), || shared.cache.key(&call, model));
    // Said before the lookup, so that a request that fails while it waits names a model in its record.
    recorder.set_model(model);
    if let Some(age) = cache_plan.read
        && let Some(cached) = shared.cache.lookup(&key, age, shared.clock.now()).await
    {
        match coalesce::replay(shared, &call, &snapshot, &cached, recorder) {
            Ok(reply) => return Ok(*reply),
            // A reply that can't be read any more counts as a miss: the provider is asked.
            Err(back) => recorder = *back,
        }
    }
    recorder.set_cache_use(CacheUse::Miss);
    // Joined only after the lookup: a reply that is cached already needs no shared call.
    // One that brings its own time or money is joined by nobody and joins nobody: the bounds of another would end it.
    let flight = match (call.routing.timeout, call.routing.max_cost, call.routing.run_budget) {
        (None, None, None) => key.clone(),
        _ => format!("{key} {}", call.identity.id),
    };
    match shared.coalescer.join(&flight, call.options.form) {
        CallRole::Follower(reader) => coalesce::join_shared_call(Arc::clone(shared), reader, recorder).await,
        CallRole::Leader(reader) => {
            let (shared, model, keys) = (Arc::clone(shared), Arc::clone(model), ReplyKeys { cache: key, flight });
            coalesce::start_shared_call(shared, call, snapshot, model, recorder, keys, reader).await
        }
    }
}
