//! The fields of a webhook.

use crate::Admin;
use crate::events::stream::known_types;
use crate::wire::changes::{FieldChanges, Ruled};
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::phrases::brief;
use crate::wire::schema::{body, nullable};
use baton_events::webhooks::target;
use baton_model::{EventKind, Webhook};
use utoipa::openapi::Object;
use utoipa::openapi::schema::{SchemaType, Type};

body!(WebhookBody as "Webhook" of Webhook: "A webhook to create, or the fields of one to change", {
    let mut body = nullable::<Webhook>();
    let secret = Object::builder().schema_type(SchemaType::from_iter([Type::String, Type::Null])).description(Some(
        "What messages are signed with, where it has to be a certain one (`whsec_` and 24 to 64 bytes in base64); only to \
         make one; by default a new one.",
    ));
    body.properties.insert("secret".to_owned(), secret.into());
    body
});

/// Reads the fields of a webhook. An address by a name may have to be resolved.
pub async fn read(admin: &Admin, fields: &mut JsonFields, faults: &mut Faults) -> FieldChanges<Webhook> {
    // Before the others, because the closure below can't wait.
    let url = url(admin, fields, faults).await;
    FieldChanges::read(fields, &Webhook::new("", ""), &[], faults, |name, fields, faults| match name {
        "url" => Ruled::read(url.as_ref()),
        "types" => Ruled::read(types(fields, faults)),
        _ => Ruled::BySchema,
    })
}

async fn url(admin: &Admin, fields: &mut JsonFields, faults: &mut Faults) -> Option<String> {
    let url = fields.text("url", faults)?;
    match target::check(&url, &admin.reachable).await {
        Ok(()) => Some(url),
        Err(problem) => {
            faults.add("url", problem);
            None
        }
    }
}

/// The types by their names; null: all.
fn types(fields: &mut JsonFields, faults: &mut Faults) -> Option<Option<Vec<EventKind>>> {
    let Some(names) = fields.take::<Vec<String>>("types", "an array of types, or null for all", faults)? else {
        return Some(None);
    };
    if names.is_empty() {
        faults.add("types", "must not be empty, because no event would be sent; leave it out for all types");
    }
    let mut types = Vec::new();
    for name in &names {
        match EventKind::lookup(name) {
            Some(kind) if types.contains(&kind) => {}
            Some(kind) => types.push(kind),
            None => faults.add("types", format!("`{}` is not one of {}", brief(name), known_types())),
        }
    }
    Some(Some(types))
}
