//! `/api/models`: a file a verb.
//!
//! A model's id may hold `/` and `:`, raw or percent-encoded, so everything below `/api/models/` is one wildcard route;
//! [`address`] tells the model from its views.

pub mod address;
pub mod client_body;
pub mod discover;
pub mod get;
pub mod health;
pub mod input;
pub mod list;
pub mod one;
pub mod register;
pub mod remove;
pub mod request_body;
pub mod route;
pub mod size;
pub mod stats;
pub mod tokens;
pub mod update;
pub mod view;
