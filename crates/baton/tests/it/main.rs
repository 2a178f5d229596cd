//! One Baton as its users meet it: over real sockets, in front of simulated providers; and the binary itself.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod abuse;
#[cfg(unix)]
mod agents;
mod asked_otherwise;
mod attempts_told;
#[cfg(unix)]
mod backup;
mod bad_input;
mod bad_provider;
mod baton;
mod bill;
mod binary;
mod bounds;
mod cache;
mod chat;
mod check;
mod client_apis;
mod command_line;
mod commands;
mod cors;
mod database;
mod deploy;
mod description;
mod docs_run;
mod documents;
mod earlier;
mod edge;
mod full_disk;
mod hidden;
mod identity;
mod kills;
mod late_streams;
mod logs;
mod nodes;
mod ollama_cli;
mod other;
mod outage;
mod placeholder_keys;
mod policies;
mod recorded_traffic;
mod redis;
mod request_ids;
mod responses;
mod running;
mod sdks;
mod serve;
mod serving;
mod sign_in;
mod soak;
mod start;
mod stream;
mod tracing;
mod websocket;
mod wrong_urls;
