//! The fields of a project.

use crate::wire::faults::Faults;
use crate::wire::fields::{Fields, brief};
use baton_model::chat::Json;
use serde::Deserialize;
use utoipa::ToSchema;

/// A project to make, or what to change of one.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "the schema of what `Fields` reads")]
#[schema(as = Project)]
pub struct ProjectBody {
    /// Its id, as keys, tokens and requests name it: required to make one, fixed from then on.
    #[schema(example = "search")]
    id: Option<String>,
    /// A name for people; by default the id.
    #[schema(example = "Search")]
    name: Option<String>,
    /// Whatever is to be kept with it.
    #[schema(value_type = Option<Object>)]
    metadata: Option<serde_json::Value>,
}

const LONGEST_ID: usize = 256;

/// The id of a new project.
pub fn id(fields: &mut Fields, faults: &mut Faults) -> Option<String> {
    if fields.raw("id").is_none_or(|text| text == "null") {
        faults.add("id", "is required: what keys, tokens and requests name");
        return None;
    }
    let id = fields.text("id", faults)?;
    if id.len() > LONGEST_ID {
        faults.add("id", "is longer than 256 bytes");
    } else if id.trim() != id {
        faults.add("id", "must not begin or end with a blank");
    }
    Some(id)
}

/// The metadata, an object.
pub fn metadata(fields: &mut Fields, faults: &mut Faults) -> Option<Json> {
    let text = fields.raw("metadata").map(str::to_owned)?;
    if !text.starts_with('{') {
        faults.add("metadata", format!("expected an object, got {}", brief(&text)));
    }
    Some(Json(text))
}
