//! Whether money is exact: real traffic, faults and kills, and afterwards the ledger beside what the providers billed.
//!
//! [`run`] starts a `baton serve` in front of simulated providers, each of which keeps a bill of its own. It sends mixed
//! traffic ([`traffic`]), kills the process and takes its database away meanwhile ([`disturbances`]), and compares in the end
//! ([`compare`], [`budgets`]): every call that a provider billed is in the ledger once, at the price of what was reported;
//! every counter of a budget says what the ledger says.
//!
//! What is sent, which call fails and how, which client leaves, and before which request a kill comes: all of this follows from
//! the seed. What a process was doing when it was killed does not: threads and sockets are scheduled by the system, so the
//! number of interrupted requests differs between two runs of one seed.
//!
//! `cargo xtask bill` runs it for long; a test of the binary runs it for some hundred requests.

#![expect(
    clippy::indexing_slicing,
    reason = "a tool for developers; most of it is JSON, where a missing field reads as null"
)]

mod budgets;
mod clients;
mod compare;
mod database;
mod disturbances;
mod ledger;
mod node;
mod prices;
mod providers;
mod report;
mod run;
mod setup;
mod traffic;

pub use database::DatabaseChoice;
pub use report::Report;
pub use run::{Options, Progress, run};
