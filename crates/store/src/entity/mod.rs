//! The tables' rows, as the database has them. Times are microseconds since 1970, money nano-dollars, JSON its text.

pub(crate) mod attempt;
pub(crate) mod key;
pub(crate) mod model;
pub(crate) mod request;
pub(crate) mod setting;
