//! Simulated providers on real sockets, for demonstrations, tests and benchmarks.
//!
//! A [`Sim`] listens on a port of its own and speaks one vendor's API as its reference describes it: it checks
//! requests as the vendor does, answers deterministically, bills by a simple rule, and fails on demand. It is written
//! apart from Baton's codecs, so that an error in one can't hide an equal error in the other.
//!
//! What it does:
//! - **Text**: a sentence that repeats the question. `N words` in the prompt asks for a text of that length.
//! - **Tokens**: see [`tokens`]. A stream sends one piece a token.
//! - **Tools**: called if the prompt mentions weather or a tool's name, or if the request insists; once a city, so
//!   that two cities make two parallel calls. After a tool's result the answer repeats it.
//! - **Structured output**: the smallest object that fits the schema.
//! - **Reasoning**: a thought before the answer, where the request asks for it, signed where the vendor signs.
//! - **Faults**: by the model's name ([`Fault::lookup`]: `fail-429`, `html`, `cut-mid-stream` …) or for the next
//!   requests ([`Sim::script`]).
//! - **Memory**: every request as it came, what was billed, and whether the client left early ([`Sim::requests`]).

#![expect(clippy::indexing_slicing, reason = "only JSON values are indexed: a missing field reads as null")]

mod answer;
mod anthropic;
mod faults;
mod journal;
mod ollama;
mod openai;
mod options;
mod play;
mod schema;
mod server;
pub mod tokens;

pub use faults::Fault;
pub use journal::{Billed, Seen};
pub use options::{Kind, SimOptions};
pub use server::{Sim, run};
