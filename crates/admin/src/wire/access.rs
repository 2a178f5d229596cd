//! Who may ask: the first argument of every endpoint says the role that it needs.

use super::answer::Refused;
use crate::Admin;
use axum::extract::FromRequestParts;
use baton_auth::require;
use baton_http::identify;
use baton_model::Caller;
use baton_model::entity::Role;
use http::request::Parts;

/// Everyone who is known.
pub struct Anyone(pub Caller);

/// Who may see everything.
pub struct Viewer(pub Caller);

/// Who may change models.
pub struct Operator;

/// Who may do everything.
pub struct Administrator;

/// The caller of a request, if it has the role.
fn admit(parts: &Parts, admin: &Admin, needed: Role) -> Result<Caller, Refused> {
    let caller = identify::caller(&admin.doors, parts)?;
    require(&caller, needed).map_err(|error| error.public())?;
    Ok(caller)
}

macro_rules! access {
    ($($name:ident by $role:ident: $make:expr,)+) => {$(
        impl FromRequestParts<Admin> for $name {
            type Rejection = Refused;

            async fn from_request_parts(parts: &mut Parts, admin: &Admin) -> Result<Self, Refused> {
                admit(parts, admin, Role::$role).map($make)
            }
        }
    )+};
}

access! {
    Anyone by Caller: Anyone,
    Viewer by Viewer: Viewer,
    Operator by Operator: |_| Operator,
    Administrator by Admin: |_| Administrator,
}
