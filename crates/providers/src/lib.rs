//! The providers, one folder each, and presets for services that speak a known format.
//!
//! - [`presets`]: vendors as data: address, key, how they differ;
//! - [`config`]: a description becomes a provider ([`build`]);
//! - `openai`, `anthropic`, `ollama`: paths, discovery, and what else only one format has;
//! - `client`: what they share on the way out, `reply_reader` on the way back.
//!
//! To add a vendor that speaks a known format: an entry in [`presets::ALL`]. To add a provider with a protocol of its
//! own: a folder like the others, and its arm in [`build`].

mod anthropic;
mod client;
pub mod config;
mod failed_reply;
mod joined_frames;
mod ollama;
mod openai;
pub mod presets;
mod reply_reader;
mod secret;

pub use config::{BuildError, ProviderConfig, build};
pub use secret::SecretValue;
