//! How work runs beside the requests: tasks in the background, and computations that are too long for an async thread.
//!
//! - [`supervised`]: a future whose panic is counted and logged instead of being lost with its task. Everything that is
//!   spawned outside of tests is wrapped in it.
//! - [`blocking`]: the same for work on a thread of its own.
//! - [`compute`]: a computation over many bytes, moved off the async threads;
//! - [`Alarm`]: a timer whose moment moves on with every wait;
//! - [`Pending`]: what such tasks are writing, to be seen or deleted meanwhile.
//!
//! What a task holds (permits, guards, channels) is dropped when it panics, like everywhere in Rust: so a place among
//! the requests in flight always comes back. What *waits* for a task needs a guard of its own that says so.

mod alarm;
mod compute;
mod pending;
mod supervise;

pub use alarm::Alarm;
pub use compute::{LARGE, compute};
pub use pending::{Pending, PendingValue, Writing};
pub use supervise::{blocking, panics, run_supervised, supervised};
