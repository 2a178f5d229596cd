//! The fields of a project.

use crate::wire::changes::{FieldChanges, Ruled};
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::schema::{body, nullable};
use baton_model::Project;

body!(ProjectBody as "Project" of Project: "A project to create, or the fields of one to change", nullable::<Project>());

/// Reads the fields of a project but its id.
pub fn read(fields: &mut JsonFields, faults: &mut Faults) -> FieldChanges<Project> {
    FieldChanges::read(fields, &Project::new(""), &["id"], faults, |_, _, _| Ruled::BySchema)
}

/// The id of a new project.
pub fn new_id(fields: &mut JsonFields, faults: &mut Faults) -> String {
    fields.require("id", "the id that keys, tokens and requests refer to", faults);
    let id = fields.text("id", faults).unwrap_or_default();
    // They would be lost in the header by which requests name a project.
    if id.trim() != id {
        faults.add("id", "must not begin or end with a space");
    }
    id
}
