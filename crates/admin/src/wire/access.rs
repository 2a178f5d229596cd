//! Who may ask: the first argument of every endpoint says the role that it needs.

use super::response::Refused;
use crate::Admin;
use axum::extract::FromRequestParts;
use baton_auth::require;
use baton_model::entity::Role;
use baton_model::{Actor, Caller, Code, PublicError};
use baton_web::identify;
use http::request::Parts;

/// Everyone who is known.
pub struct Anyone(pub Caller);

/// Who may see what is within its scope ([`Caller::confined_to`]): the endpoint sees to that.
pub struct Viewer(pub Caller);

/// Who may see everything, of all projects.
pub struct Overseer;

/// Who may change models, of all projects.
pub struct Operator(pub Actor);

/// Everyone who is known, with how the audit log will name it. What it may change, the rules of the thing say.
pub struct Acting {
    /// Who asks.
    pub caller: Caller,
    /// The same, for the audit log.
    pub by: Actor,
}

/// Who may do everything.
pub struct Administrator(pub Actor);

/// A caller that has the role which the endpoint asks for; in the extensions of the request.
#[derive(Clone)]
pub(super) struct Admitted(pub Caller);

/// The caller of a request, if it has the role.
async fn admit(parts: &mut Parts, admin: &Admin, needed: Role) -> Result<Caller, Refused> {
    // These are extractors, and axum runs them in the order of the arguments: `JsonFields` and `RawBody` stand last, so
    // nobody's body is read before its sender is admitted.
    let caller = identify::caller(&admin.web, parts).await?;
    require(&caller, needed)?;
    // The body is read by a later argument of the endpoint, and only for somebody who was admitted.
    parts.extensions.insert(Admitted(caller.clone()));
    Ok(caller)
}

/// Who sees: the caller itself.
fn caller(_: &Parts, _: &Admin, caller: Caller) -> Caller {
    caller
}

/// Who changes: as the audit log will name it.
fn actor(parts: &Parts, admin: &Admin, caller: Caller) -> Actor {
    identify::actor(&admin.web, parts, &caller)
}

macro_rules! access {
    ($($name:ident is $what:ident by $role:ident,)+) => {$(
        impl FromRequestParts<Admin> for $name {
            type Rejection = Refused;

            async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Refused> {
                let caller = admit(parts, admin, Role::$role).await?;
                Ok(Self($what(parts, admin, caller)))
            }
        }
    )+};
}

access! {
    Anyone is caller by Caller,
    Viewer is caller by Viewer,
    Administrator is actor by Admin,
}

impl FromRequestParts<Admin> for Overseer {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Refused> {
        let caller = admit(parts, admin, Role::Viewer).await?;
        check_unconfined(&caller)?;
        Ok(Self)
    }
}

impl FromRequestParts<Admin> for Operator {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Refused> {
        let caller = admit(parts, admin, Role::Operator).await?;
        // Models belong to no project: the operator of one must not change what all others use.
        check_unconfined(&caller)?;
        Ok(Self(actor(parts, admin, caller)))
    }
}

impl FromRequestParts<Admin> for Acting {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Refused> {
        let caller = admit(parts, admin, Role::Caller).await?;
        Ok(Self { by: actor(parts, admin, caller.clone()), caller })
    }
}

/// Whether a caller sees all projects.
fn check_unconfined(caller: &Caller) -> Result<(), PublicError> {
    let Some(project) = caller.confined_to() else { return Ok(()) };
    let message = format!("this requires the scope `all`, but the caller sees only the project `{project}`");
    Err(PublicError::new(Code::PermissionDenied, message))
}
