//! What a change to a project leaves: an event, and an entry in the audit log.

use crate::Admin;
use baton_model::{EventKind, Project, PublicError};
use baton_store::{Change, NewAudit, NewEvent};

/// Tells of a change, commits it, and puts it in force on this node: its members and rules, its own budget and limits.
///
/// # Errors
/// Whatever keeps the database from writing; then nothing has changed.
pub async fn commit(
    admin: &Admin,
    change: Change,
    before: Option<&Project>,
    after: Option<&Project>,
) -> Result<(), PublicError> {
    let Some(project) = after.or(before) else { return Ok(()) };
    let (kind, action) = match (before, after) {
        (None, _) => (EventKind::ProjectCreated, "project.create"),
        (Some(_), Some(_)) => (EventKind::ProjectUpdated, "project.update"),
        (Some(_), None) => (EventKind::ProjectDeleted, "project.delete"),
    };
    let subject = project.id.clone();
    change.add_event(NewEvent { kind, subject: subject.clone(), data: text(project), traceparent: None }).await?;
    let [before, after] = [before, after].map(|project| project.map(text));
    change.audit(NewAudit { action, kind: "project", subject, before, after }).await?;
    change.commit().await?;
    admin.web.keys.reload_projects().await?;
    admin.policies.reload().await
}

/// The project as text.
fn text(project: &Project) -> String {
    // Text, and JSON that was read before: it always serialises.
    serde_json::to_string(project).unwrap_or_default()
}
