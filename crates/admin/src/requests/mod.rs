//! `/api/requests`: the ledger, request by request.

pub mod get;
pub mod list;
pub mod view;
