//! One API in front of every AI model a company uses: the wiring.
//!
//! - [`config`]: what can be said, and where it comes from;
//! - [`app`]: the parts put together; [`surface`]: every path they serve; [`port_paths`]: those of one port; [`serve`]: sockets and signals;
//! - [`nodes`]: what a node does beside serving requests; [`execute`]: commands of the bus;
//! - `backup`: archives of an installation on SQLite, and the way back;
//! - [`commands`]: one file a command; [`telemetry`]: log lines; `private`: who may read files.

pub mod app;
mod backup;
pub mod client;
pub mod commands;
pub mod config;
mod earlier_nodes;
pub mod execute;
mod memory;
pub mod nodes;
pub mod port_paths;
mod private;
pub mod serve;
pub mod shared_state;
pub mod surface;
pub mod telemetry;
