//! The control plane: what is registered, and its rules.
//!
//! - [`models`]: which models there are, how that changes, and what providers list of their own;
//! - [`providers`]: which providers there are, those of the configuration and those of the database;
//! - [`policies`]: which budgets and limits there are, and what they may say;
//! - [`projects`]: what projects and users may say, and who may change what belongs to a project;
//! - [`prices`]: what models cost, updates of that, and requests that are priced anew;
//! - [`provider_objects`]: files, batches and responses that providers keep for callers;
//! - [`write_health_events`], [`write_provider_events`], [`write_unpriced_events`]: what requests have shown becomes events.
//!
//! A change is checked here, written as one transaction with its event and its audit entry, and put in force as a new
//! snapshot of the engine's registry. The data plane only ever reads snapshots.
//!
//! What is *not* here: HTTP and the shapes on the wire (`baton-admin`), and SQL (`baton-store`).
//!
//! To add something that can be registered: a folder here with its rules, a repository in the store, its endpoints in
//! `baton-admin`.

pub mod faults;
mod health_events;
pub mod models;
pub mod policies;
pub mod prices;
pub mod projects;
mod provider_events;
pub mod provider_objects;
pub mod providers;
mod unpriced_events;
mod vendor_info;

pub use health_events::write_health_events;
pub use models::{Conflict, Discovery, ModelDirectory, Problem};
pub use policies::PolicyDirectory;
pub use prices::PriceDirectory;
pub use provider_events::write_provider_events;
pub use provider_objects::{ObjectQuotas, ProviderObjects};
pub use providers::{ConfiguredProvider, ProviderDirectory, sealed_row};
pub use unpriced_events::write_unpriced_events;
pub use vendor_info::VendorInfo;
