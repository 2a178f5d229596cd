//! How what is registered, and what is recorded of requests, is written as JSON: in the API, in columns of the database,
//! in events and the audit log. The journal of requests has a compact form ([`journal`]).
//!
//! Each shape is said once, by serde on the entity itself. This module has what the derives can't know: words, times,
//! money, JSON of the operator's own. A chat, an operation or an event of a reply has no schema here: those are
//! `baton-dialect`'s.

pub(crate) mod duration;
pub mod journal;
pub mod json;
pub(crate) mod money;
mod patch;
mod policy;
mod price;
pub(crate) mod record;
pub mod time;
pub(crate) mod usage;
mod words;

pub use patch::{NamedValue, RegisteredSchema, field_names, fields_without, merge_fields, problem, settable_names};
pub(crate) use policy::{raise, when_unpriced};
pub use price::{PriceFault, read_price};
pub use record::RecordView;
