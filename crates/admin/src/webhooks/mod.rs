//! `/api/webhooks`: services that are told of events over HTTP; a file a verb. Only [`create`] and [`rotate`] ever show
//! a secret.
//!
//! Who delivers is `baton-events`.

pub mod create;
pub mod deliveries;
pub mod get;
mod input;
pub mod list;
pub mod redeliver;
pub mod remove;
pub mod rotate;
mod sealed;
pub mod test;
pub mod update;
pub mod view;
