//! The fields of a limit. What they may be beyond their schema, `baton-control` says, for the configuration too.

use crate::wire::changes::{FieldChanges, Ruled};
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::schema::{body, settable_fields};
use baton_model::entity::RateLimit;

/// What stays as it was made.
pub const FIXED: [&str; 1] = ["limit_id"];

body!(LimitBody as "Limit" of RateLimit: "A limit to create: it has one of the measures `requests`, `input_tokens`, \
    `output_tokens`, `tokens`, `cost` and `concurrency`", settable_fields::<RateLimit>(&[], &["scope"]));
body!(LimitChange as "LimitChange" of RateLimit: "The fields of a limit to change; absent fields stay unchanged",
    settable_fields::<RateLimit>(&FIXED, &[]));

/// Reads the fields of a limit but its id.
pub fn read(fields: &mut JsonFields, faults: &mut Faults) -> FieldChanges<RateLimit> {
    FieldChanges::read(fields, &RateLimit::new(""), &FIXED, faults, |_, _, _| Ruled::BySchema)
}

/// The id of a new limit; one is made if none is given. A limit for everything has to be meant, so its scope is said
/// too.
pub fn new_id(fields: &mut JsonFields, faults: &mut Faults) -> String {
    fields.require("scope", "which requests the limit is for, such as {\"user\": \"*\"}; {} for all", faults);
    fields.text("limit_id", faults).unwrap_or_else(|| format!("limit_{}", uuid::Uuid::now_v7().simple()))
}
