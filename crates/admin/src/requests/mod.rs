//! `/api/requests`: the ledger, request by request.

pub mod feedback;
pub mod get;
pub mod list;
pub mod view;
