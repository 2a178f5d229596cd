//! The client of side calls: signing keys, webhooks, files that requests point at. Calls to providers go through
//! `baton_provider_api::Transport` instead.
//!
//! - [`FetchClient::trusted`] goes where the operator says: the address stands in the configuration.
//! - [`FetchClient::guarded`] goes where somebody else says. It resolves names itself and connects only to addresses of the
//!   public internet ([`address`]) and to networks that the operator allows, so nobody can make Baton ask its own
//!   machine, its neighbours or the metadata service of a cloud.
//!
//! Both bound time, size and, where asked, the type of what comes; neither follows redirects: the caller sees the status.

pub mod address;
mod client;
mod error;
mod guard;
mod request;

pub use client::{FetchClient, FetchLimits};
pub use error::FetchError;
pub use request::{FetchReply, FetchRequest};
