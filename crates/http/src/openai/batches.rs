//! Batches (OpenAI API reference, batch): run by the provider that keeps their input file.

use super::page;
use crate::objects::{self, FoundObject};
use crate::upstream::ProviderReply;
use crate::{HttpState, headers, query, upstream};
use axum::extract::{Path, State};
use axum::response::Response;
use baton_model::entity::ProviderObjectKind;
use baton_model::{Code, PublicError};
use baton_provider_api::Forward;
use baton_web::parse::json_problem;
use baton_web::{ClientApi, Inbound, Refused};
use http::Method;
use serde::Deserialize;

const KIND: ProviderObjectKind = ProviderObjectKind::Batch;

/// `POST /v1/batches`.
pub async fn create(State(state): State<HttpState>, mut inbound: Inbound) -> Result<Response, Refused> {
    #[derive(Deserialize)]
    struct Input {
        input_file_id: String,
    }
    let body = inbound.read_body().await?;
    let input: Input = serde_json::from_slice(&body).map_err(|error| {
        let message = format!("input_file_id: the id of a file is required: {}", json_problem(&error));
        PublicError::new(Code::InvalidRequest, message).at("input_file_id")
    })?;
    // The file decides where the batch runs: no other provider has it.
    let file = objects::find(&state, &inbound.caller, ProviderObjectKind::File, &input.input_file_id).await?;
    // Before the provider is asked: a batch that was made there runs and is billed, whether or not it is noted here.
    state.provider_objects.check_quota(&inbound.caller, KIND).await?;
    let headers = headers::headers_to_forward(&inbound.parts.headers);
    let query = query::forwarded(ClientApi::OpenAi, inbound.query());
    let forward = Forward {
        query: query.as_deref(),
        content_type: Some("application/json"),
        body,
        ..upstream::request_without_body(Method::POST, "/batches", &headers)
    };
    let made = upstream::send_request(file.provider.as_ref(), forward).await?;
    objects::note_object(&state, &inbound.caller, KIND, file.provider.id(), file.object.model.as_ref(), &made).await?;
    Ok(upstream::respond_whole(made, file.provider.id()))
}

/// `GET /v1/batches`.
pub async fn list(State(state): State<HttpState>, inbound: Inbound) -> Result<Response, Refused> {
    let (items, more) = objects::list(&state, &inbound, KIND, "/batches").await?;
    Ok(upstream::json(page(&items, more)))
}

/// `GET /v1/batches/{id}`.
pub async fn one(
    State(state): State<HttpState>,
    Path(batch): Path<String>,
    inbound: Inbound,
) -> Result<Response, Refused> {
    forward(&state, &batch, "", inbound).await
}

/// `POST /v1/batches/{id}/cancel`.
pub async fn cancel(
    State(state): State<HttpState>,
    Path(batch): Path<String>,
    inbound: Inbound,
) -> Result<Response, Refused> {
    forward(&state, &batch, "/cancel", inbound).await
}

async fn forward(state: &HttpState, batch: &str, below: &str, mut inbound: Inbound) -> Result<Response, Refused> {
    let path = format!("/batches/{}{below}", upstream::encoded(batch));
    let (found, reply) = objects::forward(state, &mut inbound, KIND, batch, &path).await?;
    // The ids appear in whichever reply is the first to name them, so each reply is read.
    adopt_files(state, &found, &reply).await?;
    Ok(upstream::respond_whole(reply, found.provider.id()))
}

/// The files that a batch has made are its owner's.
async fn adopt_files(state: &HttpState, batch: &FoundObject, reply: &ProviderReply) -> Result<(), PublicError> {
    #[derive(Deserialize)]
    struct Made {
        output_file_id: Option<String>,
        error_file_id: Option<String>,
    }
    let Ok(made) = serde_json::from_slice::<Made>(&reply.body) else { return Ok(()) };
    for file in [made.output_file_id, made.error_file_id].into_iter().flatten() {
        // Without this only the vendor's console could reach the results: callers see files of their own alone.
        state.provider_objects.adopt_object(&batch.object, ProviderObjectKind::File, &file).await?;
    }
    Ok(())
}
