//! Simulated providers on real sockets, for demonstrations, tests and benchmarks.
//!
//! A [`Sim`] listens on a port of its own and speaks one vendor's API as its reference describes it: it checks
//! requests as the vendor does, replies deterministically, bills by a simple rule, and fails on demand. It is written
//! apart from Baton's codecs, so that an error in one can't hide an equal error in the other.
//!
//! What it does:
//! - **Text**: a sentence that repeats the question. `N words` in the prompt asks for a text of that length.
//! - **Tokens**: see [`tokens`]. A stream sends one piece a token.
//! - **Tools**: called if the prompt mentions weather or a tool's name, or if the request insists; once a city, so
//!   that two cities make two parallel calls. ` then ` parts the question into steps, each with calls of its own
//!   (`the weather in Paris then Rome`); after the last step's results the reply repeats all of them. `aloud` in the
//!   question has something said before the calls.
//! - **Structured output**: the smallest object that fits the schema.
//! - **Images**: the reply tells type, length and fingerprint, so that an image that was changed is noticed.
//! - **Reasoning**: a piece of reasoning before the reply, where the request asks for it. Where the vendor signs or
//!   seals it (Anthropic's thinking and redacted thinking, OpenAI's encrypted reasoning items) the simulation verifies
//!   what comes back, and refuses a piece of reasoning that was changed, or is missing where the vendor wants it.
//!   Anthropic's documented magic text makes a piece of reasoning redacted.
//! - **State**: OpenAI's responses are stored unless the request says no.
//! - **Faults**: by the model's name ([`SimFault::lookup`]: `fail-429`, `html`, `cut-mid-stream` …) or for the next
//!   requests ([`Sim::script`]).
//! - **Memory**: every request as it came, what was billed, and whether the client left early ([`Sim::requests`]).
//!   Other processes ask for it over the socket: `GET /_sim/requests?containing=TEXT` lists the requests whose body
//!   has that text, and `GET /_sim/over?containing=TEXT` replies the same once the last of them is over.

#![expect(clippy::indexing_slicing, reason = "only JSON values are indexed: a missing field reads as null")]

mod anthropic;
mod call;
mod faults;
mod image;
mod journal;
mod ollama;
mod openai;
mod options;
mod play;
mod reply;
mod schema;
mod seal;
mod server;
pub mod tokens;
mod watch;

pub use faults::SimFault;
pub use journal::{BilledTokens, RecordedRequest};
pub use options::{Kind, SimOptions};
pub use server::{Sim, run};
