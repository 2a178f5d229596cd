//! Budgets and limits: which are in force, which a request has to keep to, and what it reserves of them.
//!
//! - [`set`]: the policies at one moment, found by what a request has; [`compiled`]: one of them;
//! - [`limiter`]: reserves all or none of what a request may take, and reads unknown counters from the ledger ([`spent`]);
//! - [`inspect`]: what counters say, for those who look;
//! - [`reservation`]: what is reserved, until it is settled or dropped;
//! - [`run_budget`]: what a request gives to its run; [`spending`]: which counters of budgets have changed, for their alerts;
//! - [`calendar`]: periods of budgets; [`refusal`]: what the caller is told.

mod calendar;
mod compiled;
mod inspect;
mod limiter;
mod reading;
mod refusal;
mod reservation;
mod run_budget;
mod set;
mod spending;
mod spent;

pub use calendar::{begin_of, is_time_zone};
pub use compiled::{Policy, PolicyCounter, PolicyKind};
pub use limiter::{AttemptNeed, Concern, Limiter};
pub use reading::{CounterReading, VerifiedCount};
pub use refusal::Refusal;
pub use reservation::{Overrun, PolicyStanding, Reservation};
pub use run_budget::{RunBudget, missing_run};
pub use set::PolicySet;
pub use spending::{SpendingChange, SpendingChanges};
pub use spent::SpentReader;
