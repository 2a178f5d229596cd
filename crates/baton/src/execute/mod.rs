//! Commands of the bus: each becomes a call of Baton's own API, in this process, with the rights of who sent it.
//!
//! A command is executed once, however often it is delivered: its id is claimed in the database first, and a change that
//! it makes is committed together with the note that it had an effect ([`baton_store::Change`]). It is acknowledged last,
//! when its effect and its reply are durable. So a node may die anywhere: another gets the command again, and executes
//! it, or only repeats the reply.
//!
//! A request to a model is no change of the database: if a node dies with one under way, the next node asks again, and
//! the first request stands in the ledger as interrupted.
//!
//! To add a command: a line in `command.rs`.

mod command;
mod outcome;
mod run;

pub use run::{CommandSettings, Executor};
