//! The pipeline of a request, one file a step: `admit → limit → cache → route → attempt → meter → record`.
//!
//! `pipeline.rs` tells the order. What goes down is one [`Call`]; what comes up is one [`Answer`], a head and a stream
//! of frames. The engine knows no wire format and no vendor: a format is a value that doors and providers agree on,
//! and bytes pass through unread.
//!
//! - [`directory`]: which models there are, and how that changes;
//! - [`registry`]: the models and providers in force, one snapshot a request;
//! - [`ledger`]: the journal, and the way from there into the database;
//! - [`health`], [`metrics`]: how models fare, and what is counted;
//! - [`trace`], [`observe`]: which trace a request belongs to, and who is told when it is over.

mod admit;
mod attempt;
pub mod cache;
pub mod call;
pub mod directory;
mod engine;
mod fit;
mod flight;
mod flow;
pub mod health;
pub mod holdings;
pub mod ledger;
mod limit;
mod meter;
pub mod metrics;
pub mod observe;
mod pipeline;
mod recall;
mod record;
pub mod registry;
pub mod responses;
pub mod route;
pub mod trace;

pub use attempt::RetrySettings;
pub use cache::{CacheDefault, CacheSettings, CacheShare};
pub use call::{CachePolicy, Call, Content, Wanted};
pub use directory::{Conflict, Directory, Discovery, Vendors};
pub use engine::{Engine, Parts, Settings};
pub use flow::{Answer, Bill, Head};
pub use health::{Circuit, CircuitSettings};
pub use holdings::Holdings;
pub use ledger::{JournalSettings, Ledger};
pub use observe::Observer;
pub use registry::{Registry, Snapshot};
pub use trace::{Sampling, Trace};
