//! May this caller use this model, and can its request be recorded?

use crate::call::Call;
use crate::registry::Snapshot;
use crate::shared::EngineContext;
use baton_model::{Code, Model, PublicError};
use std::sync::Arc;

/// The model that the call means, if its caller may use it.
///
/// # Errors
/// `model_not_found`, also for a model that the caller may not use; `overloaded` while the ledger has no room: a request
/// that can't be recorded is not served.
pub fn admit<'s>(shared: &EngineContext, snapshot: &'s Snapshot, call: &Call) -> Result<&'s Arc<Model>, PublicError> {
    // Asked before anything else: a request that the ledger has no room for must not reach a provider that bills it.
    if let Some(trouble) = shared.ledger.recording_problem() {
        return Err(PublicError::new(Code::Overloaded, trouble));
    }
    snapshot.find(&call.identity.caller, &call.routing.selector, call.wire.capability)
}
