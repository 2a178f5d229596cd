//! Who asks: the credentials of a request become a [`Caller`].

use crate::Doors;
use baton_auth::Credentials;
use baton_model::{Caller, PublicError, RequestId};
use http::{Extensions, HeaderMap};
use std::net::SocketAddr;

/// A caller, and the id of its request.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Who asks.
    pub caller: Caller,
    /// The request's id.
    pub id: RequestId,
}

/// A new request id: a UUIDv7, so that ids sort by time.
pub fn request_id() -> RequestId {
    RequestId::from(uuid::Uuid::now_v7().to_string())
}

/// The caller of a request.
///
/// # Errors
/// `authentication_error` with what was expected.
pub fn caller(doors: &Doors, headers: &HeaderMap, extensions: &Extensions) -> Result<Caller, PublicError> {
    let peer = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>().map(|connected| connected.0.ip());
    let credentials = Credentials::read(headers).map_err(|error| error.public())?;
    doors.keys.authenticate(credentials, peer).map_err(|error| error.public())
}
