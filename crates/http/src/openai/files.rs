//! Files (OpenAI API reference, files): kept by the provider they were uploaded to.

use super::{answer, lines, page, pass};
use crate::anthropic::models::Asked;
use crate::body::read_body;
use crate::named::Named;
use crate::{Doors, headers, identify, kept, spans, upstream};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use baton_model::entity::HoldingKind;
use baton_model::{Caller, Code, ModelId, PublicError};
use baton_provider::{Form, Forward, Provider};
use bytes::Bytes;
use futures::stream;
use http::Method;
use http::request::Parts;
use std::convert::Infallible;
use std::sync::Arc;

const KIND: HoldingKind = HoldingKind::File;

/// `POST /v1/files`.
pub async fn create(State(doors): State<Doors>, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, body) = request.into_parts();
    let made = async {
        let caller = identify::caller(&doors, &parts).await?;
        let bytes = read_body(&caller, body, doors.settings.max_body_bytes).await?;
        let Meant { body, provider, model } = meant(&doors, &caller, &parts, bytes).await?;
        let headers = headers::passed_on(&parts.headers);
        let forward = Forward {
            query: parts.uri.query(),
            content_type: upstream::content_type(&parts),
            body,
            ..upstream::asking(Method::POST, "/files", &headers)
        };
        let made = upstream::ask(provider.as_ref(), forward).await?;
        kept::keep(&doors, &caller, KIND, provider.id(), model.as_ref(), &made).await?;
        Ok(upstream::whole(made, provider.id(), &id))
    };
    answer(made.await, id.clone())
}

/// `GET /v1/files`.
pub async fn list(State(doors): State<Doors>, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, _) = request.into_parts();
    let listed = async {
        let caller = identify::caller(&doors, &parts).await?;
        let asked = Asked::read(parts.uri.query())?;
        let headers = headers::passed_on(&parts.headers);
        let (items, more) =
            kept::list(&doors, &caller, KIND, &asked, |file| format!("/files/{file}"), &headers).await?;
        Ok(upstream::json(page(&items, more), &id))
    };
    answer(listed.await, id.clone())
}

/// `GET` and `DELETE /v1/files/{id}`.
pub async fn one(State(doors): State<Doors>, Path(file): Path<String>, request: Request) -> Response {
    let id = identify::request_id();
    let path = format!("/files/{}", upstream::encoded(&file));
    let passed = pass(&doors, KIND, &file, &path, request).await;
    answer(passed.map(|(kept, told)| upstream::whole(told, kept.provider.id(), &id)), id.clone())
}

/// `GET /v1/files/{id}/content`: the bytes as they come.
pub async fn content(State(doors): State<Doors>, Path(file): Path<String>, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, _) = request.into_parts();
    let passed = async {
        let caller = identify::caller(&doors, &parts).await?;
        let kept = kept::find(&doors, &caller, KIND, &file).await?;
        let headers = headers::passed_on(&parts.headers);
        let path = format!("/files/{}/content", upstream::encoded(&file));
        let forward =
            Forward { query: parts.uri.query(), form: Form::Stream, ..upstream::asking(Method::GET, &path, &headers) };
        let content = upstream::send(kept.provider.as_ref(), forward).await?;
        Ok(upstream::stream(content, kept.provider.id(), &id))
    };
    answer(passed.await, id.clone())
}

/// A form as it goes out, and to whom.
struct Meant {
    body: Bytes,
    provider: Arc<dyn Provider>,
    model: Option<ModelId>,
}

async fn meant(doors: &Doors, caller: &Caller, parts: &Parts, bytes: Bytes) -> Result<Meant, PublicError> {
    let content_type = upstream::content_type(parts).unwrap_or_default();
    let snapshot = doors.engine.registry().snapshot();
    let form = Uploaded::read(content_type, &bytes).await?;
    if form.purpose.as_deref() != Some("batch") {
        let provider = upstream::choose(&snapshot, caller, &parts.headers, "openai")?;
        return Ok(Meant { body: bytes, provider, model: None });
    }
    let mut named = Named::new(&snapshot, caller);
    let file = lines::renamed(&form.file, &mut named)?;
    let provider = match named.provider() {
        Some(id) => upstream::provider(&snapshot, id)?,
        None => upstream::choose(&snapshot, caller, &parts.headers, "openai")?,
    };
    if provider.kind() != "openai" {
        let message = format!("file: the models of a batch must be of OpenAI's API, which `{}` is not", provider.id());
        return Err(PublicError::new(Code::InvalidRequest, message).at("file"));
    }
    let body = if file == form.file { bytes } else { form.with(&bytes, &file)? };
    Ok(Meant { body, provider, model: named.only().map(|model| model.id.clone()) })
}

/// What an uploaded form holds.
struct Uploaded {
    purpose: Option<String>,
    file: Bytes,
    boundary: String,
}

impl Uploaded {
    async fn read(content_type: &str, bytes: &Bytes) -> Result<Self, PublicError> {
        let broken =
            |error: multer::Error| PublicError::new(Code::InvalidRequest, format!("the form can't be read: {error}"));
        let boundary = multer::parse_boundary(content_type).map_err(|_| {
            let message = format!("content-type: expected multipart/form-data with a boundary, got `{content_type}`");
            PublicError::new(Code::InvalidRequest, message).at("content-type")
        })?;
        let whole = stream::iter([Ok::<_, Infallible>(bytes.clone())]);
        let mut form = multer::Multipart::new(whole, &boundary);
        let (mut purpose, mut file) = (None, None);
        while let Some(field) = form.next_field().await.map_err(broken)? {
            match field.name() {
                Some("file") => file = Some(field.bytes().await.map_err(broken)?),
                Some("purpose") => purpose = Some(field.text().await.map_err(broken)?),
                _ => {}
            }
        }
        let file = file.ok_or_else(|| PublicError::new(Code::InvalidRequest, "file: is missing").at("file"))?;
        Ok(Self { purpose, file, boundary })
    }

    /// The form with another file in place of its own. The file stands between the empty line after its head and the
    /// next boundary.
    fn with(&self, form: &Bytes, file: &Bytes) -> Result<Bytes, PublicError> {
        let around = [b"\r\n\r\n", &self.file[..], b"\r\n--", self.boundary.as_bytes()].concat();
        let start = memchr::memmem::find(form, &around).map(|found| found + 4);
        let start =
            start.ok_or_else(|| PublicError::new(Code::InvalidRequest, "the form's lines must end with CRLF"))?;
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec());
        let file = text(file).map_err(|_| PublicError::new(Code::InvalidRequest, "file: expected UTF-8").at("file"))?;
        Ok(spans::replace(form, &[(start..start + self.file.len(), file)]))
    }
}
