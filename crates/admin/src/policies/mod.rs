//! What `/api/budgets` and `/api/limits` share: who sees and changes which, the readings of counters, and the shorthand on
//! keys.

pub mod counters;
pub mod keep;
pub mod own;
pub mod visible;
