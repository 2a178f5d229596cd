//! `GET /api/audit`.

use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Viewer;
use crate::wire::page::take_fitting;
use crate::wire::params::QueryParams;
use crate::wire::response::{ApiResult, json};
use crate::wire::time;
use axum::extract::State;
use baton_store::audit::{AuditEntry, AuditFilter};
use http::{StatusCode, Uri};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

/// One page of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    /// The changes, newest first.
    #[schema(value_type = Vec<AuditEntryView>)]
    items: Vec<Box<RawValue>>,
    /// The value of `cursor` for the next page; null: this is the last page.
    next_cursor: Option<String>,
}

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntryView {
    /// The entry's id.
    id: String,
    /// When.
    at: String,
    /// Who made the change: a key's id, `user:…`, `admin` for the key of the configuration, `baton:…` for the service
    /// itself.
    #[schema(example = "key_5f0c9a4e1b2d3c4f5a6b7c8d")]
    actor: String,
    /// The role of the actor at that time.
    #[schema(example = "admin")]
    role: &'static str,
    /// The client's address; null: not over the network.
    address: Option<String>,
    /// The request that made the change, as in `x-request-id`.
    request_id: Option<String>,
    /// The command of the bus that made the change.
    command_id: Option<String>,
    /// The action.
    #[schema(example = "model.update")]
    action: String,
    /// The kind of the changed object.
    #[schema(example = "model")]
    kind: String,
    /// The id of the changed object.
    #[schema(example = "fast")]
    subject: String,
    /// The object before the change, without secrets; null: it did not exist.
    #[schema(value_type = Option<Object>)]
    before: Option<Box<RawValue>>,
    /// The object after the change, without secrets; null: it was removed.
    #[schema(value_type = Option<Object>)]
    after: Option<Box<RawValue>>,
}

/// Lists who changed what, newest first, in pages of at most `limit` entries and at most 8 MiB. A caller restricted to
/// a project sees the changes of that project and its keys. Entries can't be changed or removed.
#[utoipa::path(get, path = "/api/audit", tag = "audit", params(
    ("actor" = Option<String>, Query, description = "Only changes by this actor"),
    ("action" = Option<String>, Query, description = "Only this action, such as `key.revoke`"),
    ("kind" = Option<String>, Query, description = "Only changes of this kind of object, such as `key`"),
    ("subject" = Option<String>, Query, description = "Only changes of the object with this id"),
    ("from" = Option<String>, Query, description = "At or after this time: RFC 3339, or a date"),
    ("to" = Option<String>, Query, description = "Before this time: RFC 3339, or a date, which is included"),
    ("limit" = Option<u64>, Query, description = "1 to 100; by default 20"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the previous page"),
), responses(
    (status = 200, description = "A page of the log", body = AuditView),
    (status = 422, description = "A parameter is invalid", body = ErrorBody),
))]
pub async fn list(State(admin): State<Admin>, Viewer(caller): Viewer, uri: Uri) -> ApiResult {
    let mut params = QueryParams::read(&uri)?;
    let filter = AuditFilter {
        actor: params.take("actor"),
        action: params.take("action"),
        kind: params.take("kind"),
        subject: params.take("subject"),
        project: caller.confined_to().map(str::to_owned),
        from: params.parse("from", time::EXPECTED, time::read),
        to: params.parse("to", time::EXPECTED, time::read_end),
    };
    let limit = params.number("limit", 1..=100, 20);
    let cursor = params.id_cursor();
    params.finish()?;
    let page = admin.store.audit().list(&filter, cursor.as_deref(), limit).await?;
    let ids: Vec<String> = page.items.iter().map(|entry| entry.id.clone()).collect();
    let written = page.items.into_iter().filter_map(|entry| to_raw_value(&AuditEntryView::from(entry)).ok());
    let (items, cut) = take_fitting(written);
    let next = ids.into_iter().nth(items.len().saturating_sub(1)).filter(|_| cut).or(page.next);
    json(StatusCode::OK, &AuditView { items, next_cursor: next })
}

impl From<AuditEntry> for AuditEntryView {
    fn from(entry: AuditEntry) -> Self {
        let raw = |text: Option<String>| text.and_then(|text| RawValue::from_string(text).ok());
        Self {
            id: entry.id,
            at: time::write(entry.at),
            actor: entry.actor,
            role: entry.role.name(),
            address: entry.address.map(|address| address.to_string()),
            request_id: entry.request.map(|request| request.to_string()),
            command_id: entry.command,
            action: entry.action,
            kind: entry.kind,
            subject: entry.subject,
            before: raw(entry.before),
            after: raw(entry.after),
        }
    }
}
