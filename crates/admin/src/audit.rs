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
    #[schema(value_type = Vec<AuditEntry>)]
    items: Vec<Box<RawValue>>,
    /// The value of `cursor` for the next page; null: this is the last page.
    next_cursor: Option<String>,
}

/// Lists who changed what, newest first, a page at a time: of at most `limit`, and of at most 8 MiB. Who is confined to a
/// project sees changes of that project and its keys. The log only grows: nobody can change or remove an entry.
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
    // The ids are copied first, because writing an entry consumes it. The next cursor is the last entry that is
    // shown.
    let ids: Vec<String> = page.items.iter().map(|entry| entry.id.clone()).collect();
    let written = page.items.iter().filter_map(|entry| to_raw_value(entry).ok());
    let (items, cut) = take_fitting(written);
    // A page that was cut short goes on after its last entry, not after the last one that the database returned.
    let next = ids.into_iter().nth(items.len().saturating_sub(1)).filter(|_| cut).or(page.next);
    json(StatusCode::OK, &AuditView { items, next_cursor: next })
}
