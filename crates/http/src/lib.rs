//! The request APIs, in every client format.
//!
//! An API reads a request in its format, hands it to the engine as one [`baton_engine::Call`], and writes what comes
//! back in the same format. [`routes`] is the one page that lists every path; [`exchange`] is what they all do. No
//! vendor is known here.
//!
//! To add a path: a line in [`routes`], and one in [`describe`]. To add a format: a variant of
//! [`ClientApi`](baton_web::ClientApi).

mod anthropic;
mod batch_models;
mod batch_results;
mod cors;
mod count;
pub mod describe;
pub mod exchange;
mod form;
mod headers;
mod limit_headers;
mod list_query;
mod listing;
mod objects;
mod ollama;
mod openai;
mod query;
mod reply;
mod responses;
pub mod routes;
mod spans;
mod state;
mod timing;
mod upstream;
pub mod wrong_path;

pub use cors::{CorsOrigins, EXPOSED};
pub use routes::{ModelPath, ModelPaths, router};
pub use state::HttpState;
