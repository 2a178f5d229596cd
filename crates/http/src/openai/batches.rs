//! Batches (OpenAI API reference, batch): run by the provider that keeps their input file.

use super::{answer, page, pass};
use crate::anthropic::models::Asked;
use crate::body::read_body;
use crate::kept::Kept;
use crate::upstream::Whole;
use crate::{Doors, headers, identify, kept, upstream};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use baton_model::entity::HoldingKind;
use baton_model::{Code, PublicError};
use baton_provider::Forward;
use http::Method;
use serde::Deserialize;

const KIND: HoldingKind = HoldingKind::Batch;

/// `POST /v1/batches`.
pub async fn create(State(doors): State<Doors>, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Input {
        input_file_id: String,
    }
    let id = identify::request_id();
    let (parts, body) = request.into_parts();
    let made = async {
        let caller = identify::caller(&doors, &parts).await?;
        let body = read_body(&caller, body, doors.settings.max_body_bytes).await?;
        let input: Input = serde_json::from_slice(&body).map_err(|error| {
            PublicError::new(Code::InvalidRequest, format!("input_file_id: expected the id of a file: {error}"))
                .at("input_file_id")
        })?;
        let file = kept::find(&doors, &caller, HoldingKind::File, &input.input_file_id).await?;
        let headers = headers::passed_on(&parts.headers);
        let forward = Forward {
            query: parts.uri.query(),
            content_type: Some("application/json"),
            body,
            ..upstream::asking(Method::POST, "/batches", &headers)
        };
        let made = upstream::ask(file.provider.as_ref(), forward).await?;
        kept::keep(&doors, &caller, KIND, file.provider.id(), file.holding.model.as_ref(), &made).await?;
        Ok(upstream::whole(made, file.provider.id(), &id))
    };
    answer(made.await, id.clone())
}

/// `GET /v1/batches`.
pub async fn list(State(doors): State<Doors>, request: Request) -> Response {
    let id = identify::request_id();
    let (parts, _) = request.into_parts();
    let listed = async {
        let caller = identify::caller(&doors, &parts).await?;
        let asked = Asked::read(parts.uri.query())?;
        let headers = headers::passed_on(&parts.headers);
        let (items, more) =
            kept::list(&doors, &caller, KIND, &asked, |batch| format!("/batches/{batch}"), &headers).await?;
        Ok(upstream::json(page(&items, more), &id))
    };
    answer(listed.await, id.clone())
}

/// `GET /v1/batches/{id}`.
pub async fn one(State(doors): State<Doors>, Path(batch): Path<String>, request: Request) -> Response {
    passed(&doors, &batch, "", request).await
}

/// `POST /v1/batches/{id}/cancel`.
pub async fn cancel(State(doors): State<Doors>, Path(batch): Path<String>, request: Request) -> Response {
    passed(&doors, &batch, "/cancel", request).await
}

async fn passed(doors: &Doors, batch: &str, below: &str, request: Request) -> Response {
    let id = identify::request_id();
    let told = async {
        let path = format!("/batches/{}{below}", upstream::encoded(batch));
        let (kept, told) = pass(doors, KIND, batch, &path, request).await?;
        adopt(doors, &kept, &told).await?;
        Ok(upstream::whole(told, kept.provider.id(), &id))
    };
    answer(told.await, id.clone())
}

/// The files that a batch has made are its owner's.
async fn adopt(doors: &Doors, kept: &Kept, told: &Whole) -> Result<(), PublicError> {
    #[derive(Deserialize)]
    struct Made {
        output_file_id: Option<String>,
        error_file_id: Option<String>,
    }
    let Ok(made) = serde_json::from_slice::<Made>(&told.body) else { return Ok(()) };
    for file in [made.output_file_id, made.error_file_id].into_iter().flatten() {
        doors.holdings.adopt(&kept.holding, HoldingKind::File, &file).await?;
    }
    Ok(())
}
