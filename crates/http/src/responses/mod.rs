//! Responses that a provider keeps (OpenAI API reference, responses): noted when they are made, and asked for, gone on
//! from, cancelled and deleted at the provider that has them.
//!
//! Where the provider that answers keeps none, Baton keeps them itself ([`own`]), for its time and up to a size: such a
//! response can be gone on from with any model. What else only a provider can keep ([`needed`]) is refused before anyone
//! is asked.

mod keep;
mod needed;
mod own;

pub(crate) use keep::Keep;

use crate::body::read_body;
use crate::door::Door;
use crate::failure::Failure;
use crate::{Doors, exchange, headers, identify, kept, upstream};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use baton_dialect::framing::splice;
use baton_dialect::responses::context::{self, Items};
use baton_engine::Wanted;
use baton_model::entity::HoldingKind;
use baton_model::{Caller, Dialect, ModelId, PublicError, RequestId};
use baton_provider::{Form, Forward};
use bytes::Bytes;
use http::Method;

/// `GET` and `DELETE /v1/responses/{id}`. With `stream=true` its events, as they come.
pub async fn one(State(doors): State<Doors>, Path(response): Path<String>, request: Request) -> Response {
    pass(&doors, &response, "", request).await
}

/// `POST /v1/responses/{id}/cancel`.
pub async fn cancel(State(doors): State<Doors>, Path(response): Path<String>, request: Request) -> Response {
    pass(&doors, &response, "/cancel", request).await
}

/// `GET /v1/responses/{id}/input_items`.
pub async fn input_items(State(doors): State<Doors>, Path(response): Path<String>, request: Request) -> Response {
    pass(&doors, &response, "/input_items", request).await
}

async fn pass(doors: &Doors, response: &str, below: &str, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, body) = request.into_parts();
    let passed = async {
        let caller = identify::caller(doors, &parts).await?;
        if let Some(kept) = doors.responses.find(&caller, response).await? {
            return own::serve(doors, kept, &parts.method, below, parts.uri.query(), &id).await;
        }
        let kept = kept::find(doors, &caller, HoldingKind::Response, response).await?;
        let body = read_body(&caller, body, doors.settings.max_body_bytes).await?;
        let headers = headers::passed_on(&parts.headers);
        let path = format!("/responses/{}{below}", upstream::encoded(response));
        let content_type = upstream::content_type(&parts).filter(|_| !body.is_empty());
        let forward = Forward {
            query: parts.uri.query(),
            content_type,
            body,
            form: Form::Stream,
            ..upstream::asking(parts.method.clone(), &path, &headers)
        };
        let told = upstream::send(kept.provider.as_ref(), forward).await?;
        // What the provider has no more, nobody can ask for again.
        if parts.method == Method::DELETE && matches!(told.status, 200..300 | 404) {
            doors.holdings.forget(&kept.holding).await?;
        }
        Ok(upstream::stream(told, kept.provider.id(), &id))
    };
    let result: Result<Response, PublicError> = passed.await;
    result.unwrap_or_else(|error| Failure { door: Door::Responses, error, id: id.clone() }.into_response())
}

/// A request that is about to be served.
pub(crate) struct Prepared {
    /// Its body, with all that it goes on from.
    pub(crate) body: Bytes,
    /// The model that answered before, where the request names none.
    pub(crate) model: Option<ModelId>,
    /// Who keeps the response; `None` where none is to be kept.
    pub(crate) keep: Option<Keep>,
    needs: needed::Needs,
}

/// Looks at what a request goes on from, and says it in full where Baton keeps that itself.
///
/// # Errors
/// If a field has the wrong type, or the earlier response is another's.
pub(crate) async fn prepare(
    doors: &Doors,
    caller: &Caller,
    body: Bytes,
    id: &RequestId,
) -> Result<Prepared, PublicError> {
    let scanned = splice::scan(body)?;
    let mut needs = needed::read(&scanned)?;
    let earlier = match &needs.previous {
        Some(previous) => {
            let found = doors.responses.find(caller, previous).await;
            found.map_err(|error| error.at("previous_response_id"))?
        }
        None => None,
    };
    // What can't be read is told of by whoever reads the request.
    let said = Items::of_request(&scanned, |number| format!("msg_{id}_in{number}"));
    let (mut body, mut model) = (scanned.bytes.clone(), None);
    let mut all = said.clone().unwrap_or_default();
    if let Some(earlier) = earlier {
        let before = Items::parse(earlier.input.as_bytes())?.then(Items::of_response(earlier.response.as_bytes())?);
        all = before.then(said?);
        needs.taken_up();
        let served_by = needed::keeper(doors, &scanned, &earlier.model);
        let told = if served_by { all.clone().for_strangers() } else { all.clone() };
        body = context::take_up(&scanned, &told);
        model = Some(earlier.model);
    }
    let keep = needs.store.then(|| Keep::new(doors.holdings.clone(), doors.responses.clone(), caller.clone(), &all));
    Ok(Prepared { body, model, keep, needs })
}

impl Prepared {
    /// Sees to it that what needs something kept goes to the one provider that can serve it.
    ///
    /// # Errors
    /// If nobody who keeps it can be asked.
    pub(crate) async fn bind(
        &self,
        doors: &Doors,
        caller: &Caller,
        asked: &mut exchange::Asked,
    ) -> Result<(), PublicError> {
        if let (Some(model), Wanted::Default) = (&self.model, &asked.wanted) {
            asked.wanted = Wanted::Model(model.to_string());
        }
        if self.needs.bound() { needed::bind(doors, caller, &self.needs, asked).await } else { Ok(()) }
    }
}

/// Whether a reply in that format is one that its provider may have kept.
pub(crate) fn may_be_kept(dialect: Dialect) -> bool {
    dialect == Dialect::Responses
}
