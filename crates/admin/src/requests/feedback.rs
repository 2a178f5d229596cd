//! `POST /api/requests/{id}/feedback`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Anyone;
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::response::{ApiResult, Refused, json};
use axum::extract::{Path, State};
use baton_model::entity::Role;
use baton_model::record::RequestRecord;
use baton_model::{Caller, Code, EventKind, PublicError, RequestId, Timestamp};
use baton_store::{FeedbackEntry, NewEvent, StoreError};
use baton_web::identify;
use http::StatusCode;
use http::request::Parts;
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// How long a record is waited for: it reaches the database a moment after its reply reaches the client.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(50);
/// In microseconds.
const DAY: i64 = 24 * 3600 * 1_000_000;

/// Feedback on a reply.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct FeedbackBody {
    /// From -1 (bad) to 1 (good).
    #[schema(minimum = -1, maximum = 1)]
    score: Option<f64>,
    /// In words.
    comment: Option<String>,
}

/// Gives feedback on a reply: a score, a comment, or both. Anyone may for requests made with the same key, in the same
/// project or by the same user; operators for all. It can be said more than once.
#[utoipa::path(post, path = "/api/requests/{id}/feedback", tag = "requests", params(("id" = String, Path)),
    request_body = FeedbackBody, responses(
        (status = 201, description = "Kept", body = FeedbackEntry),
        (status = 400, description = "The body has neither a score nor a comment", body = ErrorBody),
        (status = 404, description = "The request does not exist, or is not the caller's", body = ErrorBody),
        (status = 422, description = "Fields are invalid: `details.errors` names each", body = ErrorBody),
        (status = 429, description = "The key has reached its quota of feedback for a day", body = ErrorBody),
    )
)]
pub async fn give_feedback(
    State(admin): State<Admin>,
    Anyone(caller): Anyone,
    Path(id): Path<String>,
    parts: Parts,
    mut fields: JsonFields,
) -> ApiResult {
    let mut faults = Faults::default();
    let FeedbackBody { score, comment } = fields.read_body(&mut faults).unwrap_or_default();
    if let Some(score) = score.filter(|score| !(-1.0..=1.0).contains(score)) {
        faults.add("score", format!("must be a number from -1 (bad) to 1 (good), got {score}"));
    }
    fields.finish(&mut faults);
    faults.check()?;
    if score.is_none() && comment.is_none() {
        return Err(PublicError::new(Code::InvalidRequest, "a score, a comment or both are required").into());
    }
    // The record reaches the database through the journal, after the client has its reply. Feedback may be faster.
    let record = find_own_request(&admin, &caller, RequestId::from(id)).await?;
    let actor = identify::actor(&admin.web, &parts, &caller);
    let entry = FeedbackEntry {
        id: identify::request_id().to_string(),
        request: record.id.clone(),
        score,
        comment,
        at: admin.web.engine.clock().now(),
        actor: actor.name.clone(),
    };
    let change = admin.store.change(&actor).await?;
    let day = Timestamp(entry.at.0.saturating_sub(DAY));
    if change.feedback().count(&entry.actor, day).await? >= admin.quotas.feedback_per_day {
        let most = admin.quotas.feedback_per_day;
        let message =
            format!("`{}` has given feedback {most} times within a day (`quotas.feedback_per_day`)", entry.actor);
        return Err(PublicError::new(Code::RateLimitExceeded, message).into());
    }
    change.feedback().insert(&entry).await?;
    let kind = EventKind::ModelFeedbackReceived;
    let event = NewEvent { kind, subject: record.id.to_string(), data: data(&record, &entry), traceparent: None };
    change.add_event(event).await?;
    change.commit_aside().await?;
    json(StatusCode::CREATED, &entry)
}

/// A request of the caller's own, or any for an operator.
async fn find_own_request(admin: &Admin, caller: &Caller, id: RequestId) -> Result<RequestRecord, Refused> {
    // An id of somebody else waits as long as one that does not exist, so that the time does not tell them apart.
    let until = Instant::now() + PATIENCE;
    loop {
        let found = admin.store.ledger().get(&id).await.and_then(|record| {
            // As if it were not there, in time too: ids of others are nobody's business.
            let unseen = || StoreError::NotFound { what: format!("request `{id}`") };
            Some(record).filter(|record| may_judge(caller, record)).ok_or_else(unseen)
        });
        match found {
            Err(StoreError::NotFound { .. }) if Instant::now() < until => tokio::time::sleep(LOOK).await,
            found => return Ok(found?),
        }
    }
}

fn may_judge(caller: &Caller, record: &RequestRecord) -> bool {
    let who = &record.attribution;
    // The user counts only for who has no key: several keys may carry the same user.
    let same_user = || caller.key.is_none() && caller.user.is_some() && caller.user.as_deref() == who.user.as_deref();
    (matches!(caller.role, Role::Admin | Role::Operator) && caller.sees_project(who.project.as_deref()))
        || (caller.key.is_some() && caller.key == who.key)
        || (caller.project.is_some() && caller.project.as_deref() == who.project.as_deref())
        || same_user()
}

/// What the event says.
fn data(record: &RequestRecord, entry: &FeedbackEntry) -> String {
    #[derive(Serialize)]
    struct Data<'r> {
        #[serde(flatten)]
        feedback: &'r FeedbackEntry,
        model_id: Option<&'r str>,
        provider: Option<&'r str>,
        key_id: Option<&'r str>,
        project_id: Option<&'r str>,
        user_id: Option<&'r str>,
    }
    let who = &record.attribution;
    let data = Data {
        feedback: entry,
        model_id: record.served.as_ref().map(|model| model.as_str()),
        provider: record.provider.as_ref().map(|provider| provider.as_str()),
        key_id: who.key.as_ref().map(|key| key.as_str()),
        project_id: who.project.as_deref(),
        user_id: who.user.as_deref(),
    };
    // Text and numbers within bounds always serialise.
    serde_json::to_string(&data).unwrap_or_default()
}
