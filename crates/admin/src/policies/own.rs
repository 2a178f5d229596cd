//! The fields `budget` and `limits` of keys.

use crate::wire::changes::FieldChanges;
use crate::wire::faults::Faults;
use baton_control::policies::check_own;
use baton_model::entity::{OwnBudget, OwnLimits};
use baton_model::schema::RegisteredSchema;
use utoipa::PartialSchema;

/// Notes what is wrong with them beyond their schema.
pub fn check<T: RegisteredSchema + PartialSchema>(changes: &FieldChanges<T>, faults: &mut Faults) {
    // Null takes them away.
    let budget = changes.get::<Option<OwnBudget>>("budget").flatten();
    let limits = changes.get::<Option<OwnLimits>>("limits").flatten();
    check_own("", budget.as_ref(), limits.as_ref(), faults);
}
