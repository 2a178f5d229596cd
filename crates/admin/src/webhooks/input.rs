//! The fields of a webhook.

use crate::Admin;
use crate::events::stream::known_types;
use crate::wire::faults::Faults;
use crate::wire::fields::{Fields, brief};
use baton_events::webhooks::target;
use baton_model::{EventKind, Timestamp};
use baton_store::Webhook;

/// What is said of a webhook; what is absent stays as it is.
#[derive(Debug, Default)]
pub struct Changes {
    pub url: Option<String>,
    types: Option<Option<Vec<EventKind>>>,
    active: Option<bool>,
}

impl Changes {
    /// Reads the fields. An address by a name may have to be resolved.
    pub async fn read(admin: &Admin, fields: &mut Fields, faults: &mut Faults) -> Self {
        Self {
            url: url(admin, fields, faults).await,
            types: types(fields, faults),
            active: fields.take("active", "true or false", faults).flatten(),
        }
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.url.is_none() && self.types.is_none() && self.active.is_none()
    }

    /// Puts it into a webhook, as of that moment.
    pub fn apply(self, webhook: &mut Webhook, now: Timestamp) {
        if let Some(url) = self.url {
            webhook.url = url;
        }
        if let Some(types) = self.types {
            webhook.types = types;
        }
        if let Some(active) = self.active {
            webhook.active = active;
        }
        webhook.updated_at = now.max(Timestamp(webhook.updated_at.0.saturating_add(1)));
    }
}

async fn url(admin: &Admin, fields: &mut Fields, faults: &mut Faults) -> Option<String> {
    let url = fields.text("url", faults)?;
    match target::check(&url, &admin.reachable).await {
        Ok(()) => Some(url),
        Err(problem) => {
            faults.add("url", problem);
            None
        }
    }
}

fn types(fields: &mut Fields, faults: &mut Faults) -> Option<Option<Vec<EventKind>>> {
    let given = fields.take::<Vec<String>>("types", "an array of types, or null for all", faults)?;
    let Some(names) = given else { return Some(None) };
    if names.is_empty() {
        faults.add("types", "is empty, so that nothing would come; leave it out for all types");
    }
    let mut types = Vec::new();
    for name in &names {
        match EventKind::lookup(name) {
            Some(kind) if types.contains(&kind) => {}
            Some(kind) => types.push(kind),
            None => faults.add("types", format!("`{}` is none of {}", brief(name), known_types())),
        }
    }
    Some(Some(types))
}
