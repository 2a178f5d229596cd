//! A budget as JSON, with what is left of it.

use crate::Admin;
use crate::policies::counters::{Unit, read_only_counter};
use baton_control::policies::ListedPolicy;
use baton_model::Timestamp;
use baton_model::entity::Budget;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A budget, with what is left of it. Where its scope has several values, each has a counter of its own, and the last
/// four fields are null: see its counters. They are null too while the ledger can't be read.
#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetStatus {
    #[serde(flatten)]
    budget: Budget,
    /// `file` (the configuration), `api`, or `project` (the field `budget` of a project).
    #[schema(example = "api")]
    origin: &'static str,
    /// Dollars that were spent in the present period.
    #[schema(value_type = Option<f64>, example = 120.5)]
    spent: Option<Box<RawValue>>,
    /// Dollars that requests under way have reserved.
    #[schema(value_type = Option<f64>, example = 0.02)]
    reserved: Option<Box<RawValue>>,
    /// Dollars that are left.
    #[schema(value_type = Option<f64>, example = 379.48)]
    remaining: Option<Box<RawValue>>,
    /// When the period ends; null: never.
    #[schema(value_type = Option<String>)]
    resets_at: Option<Timestamp>,
}

/// The fields that a reply shows beside those of a budget: nobody can set them.
pub const SHOWN: [&str; 5] = ["origin", "spent", "reserved", "remaining", "resets_at"];

impl BudgetStatus {
    /// The budget as it stands now.
    pub async fn read(admin: &Admin, listed: &ListedPolicy<Budget>) -> Self {
        let budget = listed.policy.clone();
        let counter = read_only_counter(admin, &budget.budget_id, &budget.scope).await;
        let dollars = |amount: u64| Unit::Dollars.write(amount);
        let counter = counter.as_ref();
        Self {
            budget,
            origin: listed.origin.name(),
            spent: counter.map(|counter| dollars(counter.spent)),
            reserved: counter.map(|counter| dollars(counter.reserved)),
            remaining: counter.map(|counter| dollars(counter.remaining())),
            resets_at: counter.and_then(|counter| counter.resets_at),
        }
    }
}
