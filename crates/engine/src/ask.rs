//! Asking a provider: the call is routed, then dispatched until one begins to reply.

use crate::call::Call;
use crate::dispatch;
use crate::health::Circuit;
use crate::record::RequestRecorder;
use crate::registry::Snapshot;
use crate::reply::ReplyHead;
use crate::reply_stream::ReplyStream;
use crate::route::{self, RouteInput, RoutePlan};
use crate::shared::EngineContext;
use baton_model::{Model, ModelStatus, PublicError};
use std::sync::Arc;
use tokio::time::Instant;

/// Routes the call and dispatches it until a provider begins to reply; an error is recorded.
///
/// # Errors
/// Why no provider replied.
pub async fn ask_provider(
    shared: &Arc<EngineContext>,
    call: &Arc<Call>,
    snapshot: &Snapshot,
    model: &Arc<Model>,
    mut recorder: RequestRecorder,
) -> Result<(ReplyHead, ReplyStream), PublicError> {
    // A time beyond what the clock holds is no deadline.
    let deadline = call.routing.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut warnings = Vec::new();
    let opened = match plan(shared, call, snapshot, model) {
        Ok(mut plan) => {
            warnings.append(&mut plan.warnings);
            dispatch::try_candidates(shared, call, plan, &mut recorder, deadline).await
        }
        // A call that can't be routed is recorded too: it was admitted.
        Err(error) => Err(error),
    };
    match opened {
        Ok(mut opened) => {
            opened.warnings.append(&mut warnings);
            if opened.candidate.model.status == ModelStatus::Deprecated {
                opened.warnings.push(format!("model: `{}` is deprecated", opened.candidate.model.id));
            }
            Ok(ReplyStream::from_opened(Arc::clone(shared), recorder, opened, deadline))
        }
        Err(mut error) => {
            error.tried = Some(recorder.tried(warnings));
            // The record is in the journal before the client sees the error, as for a reply.
            recorder.fail(&error).await;
            Err(error)
        }
    }
}

/// The order in which models would be tried for the call.
///
/// # Errors
/// If the model can't do what is asked.
pub fn plan(
    shared: &EngineContext,
    call: &Call,
    snapshot: &Snapshot,
    model: &Arc<Model>,
) -> Result<RoutePlan, PublicError> {
    let is_open = |model: &Model| shared.health.circuit(model) == Circuit::Open;
    let ask = RouteInput {
        caller: &call.identity.caller,
        capability: call.wire.capability,
        client: call.wire.dialect,
        fallbacks: call.routing.fallbacks.as_deref(),
        is_open: &is_open,
    };
    route::plan(snapshot, model, &ask)
}
