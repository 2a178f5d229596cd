//! Files (OpenAI API reference, files): kept by the provider they were uploaded to.

use super::{lines, page};
use crate::batch_models::BatchModels;
use crate::form::{read_boundary, unreadable};
use crate::{HttpState, headers, objects, query, spans, upstream};
use axum::extract::{Path, State};
use axum::response::Response;
use baton_model::entity::ProviderObjectKind;
use baton_model::{Code, ModelId, PublicError};
use baton_provider_api::{Forward, Provider};
use baton_tasks::compute;
use baton_web::{ClientApi, Inbound, Refused};
use bytes::Bytes;
use futures::stream;
use http::Method;
use std::convert::Infallible;
use std::sync::Arc;

const KIND: ProviderObjectKind = ProviderObjectKind::File;

/// `POST /v1/files`.
pub async fn create(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    let bytes = inbound.read_body().await?;
    let Upload { body, provider, model } = read_upload(&state, &inbound, bytes).await?;
    // Before it is uploaded: what nobody could reach again would stay at the provider.
    state.provider_objects.check_quota(&inbound.caller, KIND).await?;
    let headers = headers::headers_to_forward(&inbound.parts.headers);
    let query = query::forwarded(ClientApi::OpenAi, inbound.query());
    let forward = Forward {
        query: query.as_deref(),
        content_type: upstream::content_type(&inbound.parts),
        body,
        ..upstream::request_without_body(Method::POST, "/files", &headers)
    };
    let made = upstream::send_request(provider.as_ref(), forward).await?;
    objects::note_object(&state, &inbound.caller, KIND, provider.id(), model.as_ref(), &made).await?;
    Ok(upstream::respond_whole(made, provider.id()))
}

/// `GET /v1/files`.
pub async fn list(State(state): State<HttpState>, inbound: Inbound) -> Result<Response, Refused> {
    let (items, more) = objects::list(&state, &inbound, KIND, "/files").await?;
    Ok(upstream::json(page(&items, more)))
}

/// `GET` and `DELETE /v1/files/{id}`.
pub async fn one(
    State(state): State<HttpState>,
    Path(file): Path<String>,
    mut inbound: Inbound,
) -> Result<Response, Refused> {
    let path = format!("/files/{}", upstream::encoded(&file));
    let (found, reply) = objects::forward(&state, &mut inbound, KIND, &file, &path).await?;
    Ok(upstream::respond_whole(reply, found.provider.id()))
}

/// `GET /v1/files/{id}/content`: the bytes as they come.
pub async fn content(
    State(state): State<HttpState>,
    Path(file): Path<String>,
    mut inbound: Inbound,
) -> Result<Response, Refused> {
    let path = format!("/files/{}/content", upstream::encoded(&file));
    Ok(objects::stream(&state, &mut inbound, KIND, &file, &path).await?)
}

/// A form as it goes out, and to whom.
struct Upload {
    body: Bytes,
    provider: Arc<dyn Provider>,
    model: Option<ModelId>,
}

async fn read_upload(state: &HttpState, inbound: &Inbound, bytes: Bytes) -> Result<Upload, PublicError> {
    let (caller, parts) = (&inbound.caller, &inbound.parts);
    let content_type = upstream::content_type(parts).unwrap_or_default();
    let snapshot = state.web.engine.registry().snapshot();
    // Read even though it passes through: the purpose decides who gets it.
    let form = UploadForm::read(content_type, &bytes).await?;
    // Only the file of a batch names models.
    if form.purpose.as_deref() != Some("batch") {
        let provider = upstream::choose_provider(&snapshot, caller, &parts.headers, "openai")?;
        return Ok(Upload { body: bytes, provider, model: None });
    }
    let mut models = BatchModels::new(&snapshot, caller);
    let file = compute(form.file.len(), || lines::rename_models(&form.file, &mut models))?;
    let provider = match models.provider() {
        Some(id) => upstream::provider(&snapshot, id)?,
        None => upstream::choose_provider(&snapshot, caller, &parts.headers, "openai")?,
    };
    if provider.kind() != "openai" {
        let message = format!(
            "file: the models of a batch must be at a provider with OpenAI's API, but `{}` has another",
            provider.id()
        );
        return Err(PublicError::new(Code::InvalidRequest, message).at("file"));
    }
    // The original form where nothing was renamed, so that its bytes pass through.
    let body = if file == form.file { bytes } else { form.replace_file(&bytes, &file)? };
    Ok(Upload { body, provider, model: models.single_model().map(|model| model.id.clone()) })
}

/// What an uploaded form holds.
struct UploadForm {
    purpose: Option<String>,
    file: Bytes,
    boundary: String,
}

impl UploadForm {
    async fn read(content_type: &str, bytes: &Bytes) -> Result<Self, PublicError> {
        let boundary = read_boundary(content_type)?;
        let whole = stream::iter([Ok::<_, Infallible>(bytes.clone())]);
        let mut form = multer::Multipart::new(whole, &boundary);
        let (mut purpose, mut file) = (None, None);
        while let Some(field) = form.next_field().await.map_err(unreadable)? {
            match field.name() {
                Some("file") => file = Some(field.bytes().await.map_err(unreadable)?),
                Some("purpose") => purpose = Some(field.text().await.map_err(unreadable)?),
                _ => {}
            }
        }
        let file = file.ok_or_else(|| PublicError::new(Code::InvalidRequest, "file: is required").at("file"))?;
        Ok(Self { purpose, file, boundary })
    }

    /// The form with another file in place of its own. The file stands between the empty line after its head and the
    /// next boundary.
    fn replace_file(&self, form: &Bytes, file: &Bytes) -> Result<Bytes, PublicError> {
        let around = [b"\r\n\r\n", &self.file[..], b"\r\n--", self.boundary.as_bytes()].concat();
        // Found by its surroundings and not by its content alone, which may also stand in another field.
        let start = memchr::memmem::find(form, &around).map(|found| found + 4);
        let start =
            start.ok_or_else(|| PublicError::new(Code::InvalidRequest, "the form's lines must end with CRLF"))?;
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec());
        let file = text(file).map_err(|_| PublicError::new(Code::InvalidRequest, "file: must be UTF-8").at("file"))?;
        Ok(spans::replace(form, &[(start..start + self.file.len(), file)]))
    }
}
