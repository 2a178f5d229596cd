//! What `/api/budgets` and `/api/limits` share: who sees which, the readings of counters, and the shorthand on keys and
//! projects.

pub mod counters;
pub mod own;
pub mod visible;
