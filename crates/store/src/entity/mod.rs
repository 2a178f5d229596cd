//! The tables' rows, as the database has them. Times are microseconds since 1970, money nano-dollars, JSON its text.

pub(crate) mod attempt;
pub(crate) mod audit;
pub(crate) mod command;
pub(crate) mod correction;
pub(crate) mod counter;
pub(crate) mod delivery;
pub(crate) mod event;
pub(crate) mod feedback;
pub(crate) mod key;
pub(crate) mod learned_count;
pub(crate) mod lease;
pub(crate) mod model;
pub(crate) mod policy;
pub(crate) mod price;
pub(crate) mod project;
pub(crate) mod provider;
pub(crate) mod provider_object;
pub(crate) mod request;
pub(crate) mod setting;
pub(crate) mod stored_response;
pub(crate) mod user;
pub(crate) mod webhook;
