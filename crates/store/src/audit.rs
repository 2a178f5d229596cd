//! The audit log: who changed what, before and after. It only grows; the database itself refuses anything else.

use crate::database::Database;
use crate::entity::audit;
use crate::{StoreError, belongs, json};
use baton_model::entity::Role;
use baton_model::{Actor, RequestId, Timestamp};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Serialize;
use std::net::IpAddr;
use utoipa::ToSchema;

/// A change, for the log. Secrets in it are masked by whoever writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAudit {
    /// What was done: `model.register`, `key.revoke`.
    pub action: &'static str,
    /// To what kind of thing: `model`, `key`.
    pub kind: &'static str,
    /// To which one.
    pub subject: String,
    /// What it was, as JSON; `None` if it was not there.
    pub before: Option<String>,
    /// What it is, as JSON; `None` if it is gone.
    pub after: Option<String>,
}

/// An entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AuditEntryView)]
pub struct AuditEntry {
    /// The entry's id, a UUIDv7.
    pub id: String,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Who: a key's id, `user:…`, `admin` for the key of the configuration, `baton:…` for the service itself.
    #[schema(example = "key_5f0c9a4e1b2d3c4f5a6b7c8d")]
    pub actor: String,
    /// The role of the actor at that time.
    #[schema(value_type = String, example = "admin")]
    pub role: Role,
    /// The address that it came from; null: not over the network.
    #[schema(value_type = Option<String>)]
    pub address: Option<IpAddr>,
    /// The request that made the change, as in `x-request-id`.
    #[serde(rename = "request_id")]
    #[schema(value_type = Option<String>)]
    pub request: Option<RequestId>,
    /// The command of the bus that made the change.
    #[serde(rename = "command_id")]
    pub command: Option<String>,
    /// The action.
    #[schema(example = "model.update")]
    pub action: String,
    /// The kind of thing that was changed.
    #[schema(example = "model")]
    pub kind: String,
    /// The id of what was changed.
    #[schema(example = "fast")]
    pub subject: String,
    /// The thing before the change, without secrets; null: it did not exist.
    #[serde(serialize_with = "json::raw")]
    #[schema(value_type = Option<Object>)]
    pub before: Option<String>,
    /// The thing after the change, without secrets; null: it was removed.
    #[serde(serialize_with = "json::raw")]
    #[schema(value_type = Option<Object>)]
    pub after: Option<String>,
}

/// Which entries; each field that is set narrows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only changes by this actor.
    pub actor: Option<String>,
    /// That did this.
    pub action: Option<String>,
    /// To this kind of thing.
    pub kind: Option<String>,
    /// To this one.
    pub subject: Option<String>,
    /// Of what belongs to this project.
    pub project: Option<String>,
    /// Made then or later.
    pub from: Option<Timestamp>,
    /// Made before.
    pub to: Option<Timestamp>,
}

/// One page of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The entries, newest first.
    pub items: Vec<AuditEntry>,
    /// The `cursor` of the next page; `None`: this is the last.
    pub next: Option<String>,
}

/// The audit log. [`Change::audit`](crate::Change::audit) adds to it.
#[derive(Debug, Clone, Copy)]
pub struct AuditRepository<'s> {
    pub(crate) database: &'s Database,
}

impl AuditRepository<'_> {
    /// One page of entries, newest first; the first page where `cursor` is `None`.
    ///
    /// # Errors
    ///
    /// If the database is unavailable.
    pub async fn list(self, filter: &AuditFilter, cursor: Option<&str>, limit: u64) -> Result<AuditPage, StoreError> {
        let limit = limit.clamp(1, 1_000);
        let query = audit::Entity::find()
            .filter(condition(filter))
            .filter(Condition::all().add_option(cursor.map(|cursor| audit::Column::Id.lt(cursor))))
            // Ids sort by time, so they are the order of the log and its cursor.
            .order_by_desc(audit::Column::Id);
        // Weighed first: entries of an older version may be of any size, and all of a page is held at once.
        let weight = crate::weight([audit::Column::Before, audit::Column::After]);
        let weights = query.clone().select_only().column(audit::Column::Id).column_as(weight, "weight");
        let weights = weights.limit(limit + 1).into_tuple::<(String, i64)>().all(self.database.reader()).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        // The one row more that was asked for only tells whether there is another page.
        let fitting = crate::take_fitting(weights.get(..limit).unwrap_or(&weights), |(_, weight)| *weight);
        let Some((last, _)) = fitting.last() else { return Ok(AuditPage { items: Vec::new(), next: None }) };
        let next = (weights.len() > fitting.len()).then(|| last.clone());
        // Needs no limit: between two ids of the log nothing is inserted, and of the first page only entries made since
        // the weighing come along.
        let rows = query.filter(audit::Column::Id.gte(last.as_str())).all(self.database.reader()).await?;
        Ok(AuditPage { items: rows.into_iter().map(AuditEntry::try_from).collect::<Result<_, _>>()?, next })
    }
}

fn condition(filter: &AuditFilter) -> Condition {
    use audit::Column;
    Condition::all()
        .add_option(filter.actor.as_ref().map(|actor| Column::Actor.eq(actor)))
        .add_option(filter.action.as_ref().map(|action| Column::Action.eq(action)))
        .add_option(filter.kind.as_ref().map(|kind| Column::Kind.eq(kind)))
        .add_option(filter.subject.as_ref().map(|subject| Column::Subject.eq(subject)))
        .add_option(filter.project.as_ref().map(|project| Column::Project.eq(project)))
        .add_option(filter.from.map(|from| Column::At.gte(from.0)))
        .add_option(filter.to.map(|to| Column::At.lt(to.0)))
}

pub(crate) async fn insert(
    database: &impl ConnectionTrait,
    entry: NewAudit,
    by: &Actor,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = audit::Model {
        id: crate::new_id(),
        at: now.0,
        actor: by.name.clone(),
        role: by.role.name().to_owned(),
        address: by.address.map(|address| address.to_string()),
        request_id: by.request.as_ref().map(ToString::to_string),
        command_id: by.command.clone(),
        // Of what was deleted only the state before says where it belonged.
        project: belongs::project(entry.kind, &entry.subject, entry.after.as_deref().or(entry.before.as_deref())),
        action: entry.action.to_owned(),
        kind: entry.kind.to_owned(),
        subject: entry.subject,
        before: entry.before,
        after: entry.after,
    };
    audit::Entity::insert(row.into_active_model()).exec_without_returning(database).await?;
    Ok(())
}

impl TryFrom<audit::Model> for AuditEntry {
    type Error = StoreError;

    fn try_from(row: audit::Model) -> Result<Self, StoreError> {
        let what = || format!("an audit entry (`{}`)", row.id);
        let address = row.address.as_deref().map(str::parse).transpose();
        Ok(Self {
            role: Role::lookup(&row.role)
                .ok_or_else(|| StoreError::corrupt(what(), format!("its role is `{}`", row.role)))?,
            address: address.map_err(|error| StoreError::corrupt(what(), error))?,
            at: Timestamp(row.at),
            request: row.request_id.map(RequestId::from),
            command: row.command_id,
            id: row.id,
            actor: row.actor,
            action: row.action,
            kind: row.kind,
            subject: row.subject,
            before: row.before,
            after: row.after,
        })
    }
}
