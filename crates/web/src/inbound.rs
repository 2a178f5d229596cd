//! A request as handlers get it: its caller is known, its body is not read yet.

use crate::body::{HeldBody, read_body};
use crate::respond::{self, Arrived, Refused};
use crate::{Web, identify};
use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use baton_engine::{Hold, Trace};
use baton_model::{Actor, Caller, Code, PublicError, RequestId, Timestamp};
use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::request::Parts;
use std::sync::{Mutex, PoisonError};

/// A request whose caller is known.
///
/// As the last argument of a handler it refuses a request without good credentials before anything of its body is read.
pub struct Inbound {
    /// The request's id.
    pub id: RequestId,
    /// Whose it is.
    pub caller: Caller,
    /// The trace that it belongs to.
    pub trace: Trace,
    /// When its head arrived.
    pub arrived: Timestamp,
    /// Its head.
    pub parts: Parts,
    // Nobody locks it: the mutex alone lets `&Inbound` be held while something is waited for.
    body: Mutex<Body>,
    /// The memory that the body is counted with, once it was read.
    pub hold: Option<Hold>,
    limit: usize,
    web: Web,
}

impl Inbound {
    /// Reads the body, once: afterwards it is empty.
    ///
    /// # Errors
    /// `payload_too_large` with the limit; `overloaded`; or that the client broke off.
    pub async fn read_body(&mut self) -> Result<Bytes, PublicError> {
        let body = std::mem::take(self.body.get_mut().unwrap_or_else(PoisonError::into_inner));
        // Given back first: a body that a handler has replaced is read, and counted, a second time.
        self.hold = None;
        let limits = self.web.engine.limits();
        let HeldBody { bytes, hold } = read_body(limits, &self.caller, &self.parts.headers, body, self.limit).await?;
        // From here on it is what its text says: nobody decodes it again, here or at a provider.
        self.parts.headers.remove(CONTENT_ENCODING);
        self.hold = Some(hold);
        Ok(bytes)
    }

    /// The same request with another body, for a handler that has read the first and goes on as another.
    #[must_use]
    pub fn with_body(self, body: Bytes) -> Self {
        Self { body: Mutex::new(Body::from(body)), ..self }
    }

    /// A request that came on the same connection behind the same head: a message of a WebSocket. The caller is looked up
    /// anew, because keys are revoked while connections last.
    ///
    /// # Errors
    /// If the credentials are no longer good.
    pub async fn again(&self, body: Bytes) -> Result<Self, PublicError> {
        let (web, parts) = (self.web.clone(), self.parts.clone());
        let caller = identify::caller(&web, &parts).await?;
        Ok(Self {
            id: identify::request_id(),
            caller,
            trace: respond::trace(&web, &parts.headers),
            arrived: web.engine.clock().now(),
            parts,
            body: Mutex::new(Body::from(body)),
            hold: None,
            limit: self.limit,
            web,
        })
    }

    /// Who makes a change, for the audit log.
    pub fn actor(&self) -> Actor {
        identify::actor(&self.web, &self.parts, &self.caller)
    }

    /// Its caller, bound by the rules of the project that the request is attributed to.
    pub fn caller_in(&self, project: Option<&str>) -> Caller {
        let mut caller = self.caller.clone();
        // Those of the caller's own project are there already.
        if caller.project.is_none() {
            caller.rules = project.and_then(|project| self.web.keys.rules_of(project));
        }
        caller
    }

    /// Whether budgets or limits are for runs, so that the run of each request matters.
    pub fn counts_runs(&self) -> bool {
        self.web.engine.policies().set().counts_runs()
    }

    /// The query of the request, without the question mark.
    pub fn query(&self) -> Option<&str> {
        self.parts.uri.query()
    }
}

impl<S: Send + Sync> FromRequest<S> for Inbound
where
    Web: FromRef<S>,
{
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let web = Web::from_ref(state);
        let (parts, body) = request.into_parts();
        let Some(Arrived { id, trace, at }) = parts.extensions.get::<Arrived>().cloned() else {
            return Err(PublicError::new(Code::Internal, "the path is outside of every API's layer").into());
        };
        // Before the body is touched: an unauthenticated client must not make Baton read it.
        let caller = identify::caller(&web, &parts).await?;
        let limit = web.max_body_bytes;
        Ok(Self { id, caller, trace, arrived: at, parts, body: Mutex::new(body), hold: None, limit, web })
    }
}
