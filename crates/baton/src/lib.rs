//! One API in front of every AI model a company uses: the wiring.
//!
//! - [`config`]: what can be said, and where it comes from;
//! - [`app`]: the parts put together;
//! - [`commands`]: one file a command.

pub mod config;
