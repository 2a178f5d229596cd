//! The fields of a budget. What they may be beyond their schema, `baton-control` says, for the configuration too.

use crate::wire::changes::{FieldChanges, Ruled};
use crate::wire::faults::Faults;
use crate::wire::fields::JsonFields;
use crate::wire::schema::{body, settable_fields};
use baton_model::entity::Budget;

/// What stays as it was made.
pub const FIXED: [&str; 1] = ["budget_id"];

body!(BudgetBody as "Budget" of Budget: "A budget to create",
    settable_fields::<Budget>(&[], &["scope", "amount", "period"]));
body!(BudgetChange as "BudgetChange" of Budget: "The fields of a budget to change; absent fields stay unchanged",
    settable_fields::<Budget>(&FIXED, &[]));

/// Reads the fields of a budget but its id.
pub fn read(fields: &mut JsonFields, faults: &mut Faults) -> FieldChanges<Budget> {
    FieldChanges::read(fields, &Budget::new(""), &FIXED, faults, |_, _, _| Ruled::BySchema)
}

/// The id of a new budget; one is made if none is given. Notes which fields are missing: a budget for everything has to
/// be meant, so its scope is said too.
pub fn new_id(fields: &mut JsonFields, faults: &mut Faults) -> String {
    for (field, what) in [
        ("scope", "which requests the budget is for, such as {\"project\": \"search\"}; {} for all"),
        ("amount", "dollars in each period"),
        ("period", "hour, day, week, month or total"),
    ] {
        fields.require(field, what, faults);
    }
    fields.text("budget_id", faults).unwrap_or_else(|| format!("budget_{}", uuid::Uuid::now_v7().simple()))
}
