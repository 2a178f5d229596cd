//! Who may do what.

use crate::AuthError;
use baton_model::Caller;
use baton_model::entity::Role;

/// Whether the caller has the role, or one that includes it: admin, operator and viewer each include those after them.
///
/// # Errors
///
/// [`AuthError::Forbidden`] if not.
pub fn require(caller: &Caller, needed: Role) -> Result<(), AuthError> {
    require_any(caller, &[needed])
}

/// Whether the caller has one of the roles, or one that includes it.
///
/// # Errors
///
/// [`AuthError::Forbidden`], naming the last of `needed`: the least that would do.
pub fn require_any(caller: &Caller, needed: &[Role]) -> Result<(), AuthError> {
    if needed.iter().any(|role| includes(caller.role, *role)) {
        return Ok(());
    }
    let needed = needed.last().copied().unwrap_or(Role::Admin);
    Err(AuthError::Forbidden { needed, has: caller.role })
}

fn includes(has: Role, needed: Role) -> bool {
    match needed {
        Role::Admin => has == Role::Admin,
        Role::Operator => matches!(has, Role::Admin | Role::Operator),
        Role::Viewer => matches!(has, Role::Admin | Role::Operator | Role::Viewer),
        // Everyone who is known makes requests and sees what it may use.
        Role::Caller => true,
    }
}

/// The role that includes less. They are in order, the highest first.
pub(crate) fn lesser_role(one: Role, other: Role) -> Role {
    let both = [one, other];
    Role::ALL.into_iter().rfind(|role| both.contains(role)).unwrap_or(Role::Caller)
}

/// The role that includes more.
pub(crate) fn higher_role(one: Role, other: Role) -> Role {
    let both = [one, other];
    Role::ALL.into_iter().find(|role| both.contains(role)).unwrap_or(Role::Caller)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_includes_those_after_it() {
        for (place, has) in Role::ALL.into_iter().enumerate() {
            let caller = Caller::new(has);
            for (needed_place, needed) in Role::ALL.into_iter().enumerate() {
                assert_eq!(require(&caller, needed).is_ok(), place <= needed_place, "{has:?} for {needed:?}");
            }
        }
    }
}
