//! What projects and users may say, and who may change what belongs to a project.
//!
//! - [`check_project`], [`check_member`], [`check_user`]: what they may say;
//! - [`KeyCreator`]: who may create keys of a project, and what such keys are like;
//! - [`may_keep_policy`]: which budgets and limits somebody may change.

mod check;
mod key_creator;

pub use check::{check_member, check_project, check_user};
pub use key_creator::KeyCreator;

use baton_model::Caller;
use baton_model::entity::{PolicyScope, Role, ScopeValues};

/// Whether a caller may create, change and remove a budget or limit of that scope: an admin any, the operator of a project
/// those for a part of the project. Those for the project as a whole bound the operator too.
pub fn may_keep_policy(caller: &Caller, scope: &PolicyScope) -> bool {
    let within = |project: &str| match &scope.project {
        Some(ScopeValues::Each(projects)) => matches!(projects.as_slice(), [one] if **one == *project),
        _ => false,
    };
    match (caller.role, caller.confined_to()) {
        (Role::Admin, _) => true,
        (Role::Operator, Some(project)) => within(project) && scope.fields().count() > 1,
        _ => false,
    }
}
