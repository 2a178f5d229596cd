//! Which policies a caller may create, change and remove.

use super::visible;
use crate::Admin;
use baton_control::policies::{ListedPolicy, PolicyKind};
use baton_control::projects::may_keep_policy;
use baton_model::entity::PolicyScope;
use baton_model::{Caller, Code, PublicError};
use std::sync::Arc;

/// Whether it may create or change a policy so that it has this scope.
///
/// # Errors
/// `permission_denied`.
pub fn check(caller: &Caller, scope: &PolicyScope) -> Result<(), PublicError> {
    if may_keep_policy(caller, scope) {
        return Ok(());
    }
    let message = "scope: this requires the role `admin`; the operator of a project changes budgets and limits whose \
                   scope is its project and at least one field more";
    Err(PublicError::new(Code::PermissionDenied, message).at("scope"))
}

/// The policy of that id, if the caller may change it.
///
/// # Errors
/// `not_found` for what it does not see, `permission_denied` for what it may only see.
pub fn find<P: PolicyKind>(admin: &Admin, caller: &Caller, id: &str) -> Result<Arc<ListedPolicy<P>>, PublicError> {
    let found = visible::get::<P>(admin, caller, id)?;
    check(caller, found.policy.scope())?;
    Ok(found)
}
