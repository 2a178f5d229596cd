//! What all endpoints share of their wire format: reading fields and queries, writing replies, times and money.

pub use baton_control::faults;

pub mod access;
pub mod changes;
pub mod fields;
pub mod money;
pub mod page;
pub mod params;
pub mod phrases;
pub mod response;
pub mod schema;
pub mod time;
pub mod written_price;
