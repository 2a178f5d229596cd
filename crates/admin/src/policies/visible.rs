//! Which policies a caller sees: all, or those that are for its project alone.

use crate::Admin;
use baton_control::policies::{ListedPolicy, PolicyKind};
use baton_model::entity::{PolicyScope, ScopeValues};
use baton_model::{Caller, Code, PublicError};
use std::sync::Arc;

/// The policies that a caller sees, by id.
pub fn list<P: PolicyKind>(admin: &Admin, caller: &Caller) -> Vec<Arc<ListedPolicy<P>>> {
    let mut policies = admin.policies.list::<P>();
    policies.retain(|listed| is_visible(caller, listed.policy.scope()));
    policies
}

/// The policy of that id, if the caller sees it: another's is not there for it.
///
/// # Errors
/// `not_found`.
pub fn get<P: PolicyKind>(admin: &Admin, caller: &Caller, id: &str) -> Result<Arc<ListedPolicy<P>>, PublicError> {
    let found = admin.policies.get::<P>(id)?;
    if is_visible(caller, found.policy.scope()) {
        Ok(found)
    } else {
        Err(PublicError::new(Code::NotFound, format!("unknown {} `{id}`", P::KIND)))
    }
}

/// A policy of several projects, or of all, says how much others spend.
fn is_visible(caller: &Caller, scope: &PolicyScope) -> bool {
    let project = match &scope.project {
        Some(ScopeValues::Each(projects)) if projects.len() == 1 => projects.first().map(|project| &**project),
        _ => None,
    };
    caller.sees_project(project)
}
