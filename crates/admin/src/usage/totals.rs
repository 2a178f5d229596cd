//! `GET /api/usage`.

use super::csv_file;
use super::view::{RowView, UsageView};
use crate::Admin;
use crate::describe::ErrorBody;
use crate::wire::access::Anyone;
use crate::wire::params::QueryParams;
use crate::wire::response::{self, ApiResult};
use crate::wire::time;
use axum::extract::State;
use baton_model::entity::Role;
use baton_model::{Caller, Code, KeyId, PublicError, Timestamp};
use baton_store::ledger::{GroupBy, UsageQuery};
use http::Uri;
use std::time::Duration;

/// What is looked at if nothing is said: the last 30 days.
const DAYS: u64 = 30;
const DAY: u64 = 24 * 60 * 60;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
}

/// Totals of requests, tokens, cost, errors and latency. A caller sees only the requests of its own key, the user of a
/// token its own; a caller
/// restricted to a project, only those of that project.
#[utoipa::path(get, path = "/api/usage", tag = "usage", params(
    ("from" = Option<String>, Query, description = "Start of the range: RFC 3339, or a date; by default 30 days before `to`"),
    ("to" = Option<String>, Query, description = "End of the range, exclusive: RFC 3339, or a date, which is included; by default now"),
    ("group_by" = Option<String>, Query, description = "The fields to group by, separated by commas: `model`, \
        `provider`, `key`, `project`, `user`, `day`, `hour`; by default one row for everything"),
    ("project" = Option<String>, Query, description = "Only this project"),
    ("key" = Option<String>, Query, description = "Only the key with this id"),
    ("format" = Option<String>, Query, description = "`json` (the default) or `csv`"),
), responses(
    (status = 200, description = "The totals", content((UsageView = "application/json"), (String = "text/csv"))),
    (status = 422, description = "A parameter is invalid", body = ErrorBody),
))]
pub async fn usage(State(admin): State<Admin>, Anyone(caller): Anyone, uri: Uri) -> ApiResult {
    let (mut query, format) = read(&uri, admin.web.engine.clock().now())?;
    query.key = find_visible_key(&caller, query.key)?;
    if caller.role == Role::Caller && caller.key.is_none() {
        // The user of a token, in the project that the token names.
        query.user = caller.user.as_deref().map(str::to_owned);
        query.project = caller.project.as_deref().map(str::to_owned);
    }
    // A caller sees its own key alone, which is less than its project.
    if let Some(own) = caller.confined_to().filter(|_| caller.role != Role::Caller) {
        // Another's project is one of which there is nothing.
        let other = query.project.is_some_and(|asked| asked != own);
        query.project = Some(if other { String::new() } else { own.to_owned() });
    }
    let rows = admin.store.ledger().usage(&query).await?;
    if format == Format::Csv {
        return csv_file::write(&rows, &query.group_by);
    }
    let items: Vec<RowView> = rows.into_iter().map(|row| RowView::new(row, &query.group_by)).collect();
    let view = UsageView {
        from: time::write(query.from),
        to: time::write(query.to),
        group_by: query.group_by.iter().map(|by| by.name()).collect(),
        total: items.len() as u64,
        items,
    };
    response::page(&view, csv_file::ADVICE)
}

fn read(uri: &Uri, now: Timestamp) -> Result<(UsageQuery, Format), PublicError> {
    let mut params = QueryParams::read(uri)?;
    let from = params.parse("from", time::EXPECTED, time::read);
    // What arrives in this very microsecond belongs to it too.
    let to = params.parse("to", time::EXPECTED, time::read_end).unwrap_or(Timestamp(now.0.saturating_add(1)));
    let groups = format!("one or more of {}, separated by commas", GroupBy::ALL.map(GroupBy::name).join(", "));
    let group_by = params.parse("group_by", &groups, groups_of).unwrap_or_default();
    let project = params.take("project");
    let key = params.take("key").map(KeyId::from);
    let format = params.parse("format", "json or csv", |text| match text {
        "json" => Some(Format::Json),
        "csv" => Some(Format::Csv),
        _ => None,
    });
    let from = from.unwrap_or_else(|| {
        let span = i64::try_from(Duration::from_secs(DAYS * DAY).as_micros()).unwrap_or(i64::MAX);
        Timestamp(to.0.saturating_sub(span))
    });
    if from >= to {
        params.faults.add("from", "must be before `to`");
    }
    params.finish()?;
    Ok((UsageQuery { from, to, group_by, project, key, user: None }, format.unwrap_or(Format::Json)))
}

fn groups_of(text: &str) -> Option<Vec<GroupBy>> {
    let mut groups = Vec::new();
    for name in text.split(',').map(str::trim) {
        let group = GroupBy::lookup(name)?;
        // A row is a JSON object, in which the second group of the same name would replace the first.
        if groups.contains(&group) {
            return None;
        }
        groups.push(group);
    }
    Some(groups)
}

/// Which key's usage the caller may see: that asked for, or its own alone.
fn find_visible_key(caller: &Caller, asked: Option<KeyId>) -> Result<Option<KeyId>, PublicError> {
    if caller.role != Role::Caller {
        return Ok(asked);
    }
    match (&caller.key, asked) {
        (None, None) if caller.user.is_some() => Ok(None),
        (Some(own), None) => Ok(Some(own.clone())),
        (Some(own), Some(asked)) if *own == asked => Ok(Some(asked)),
        _ => Err(PublicError::new(Code::PermissionDenied, "this key may only see its own usage").at("key")),
    }
}
