//! Audio files that requests give by URL.

use super::webhooks::network;
use baton_fetch::{FetchClient, FetchLimits};
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Audio files that Baton fetches: `file_url` of `/api/models/audio/transcription` and `translation`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AudioSection {
    /// Networks besides the public internet that files may be fetched from: `["10.0.0.0/8"]`.
    pub allow: Vec<String>,
    /// How long a download may take. Its size is limited by `server.max_body_bytes`.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub timeout: Duration,
}

impl Default for AudioSection {
    fn default() -> Self {
        Self { allow: Vec::new(), timeout: Duration::from_secs(30) }
    }
}

impl AudioSection {
    /// What fetches it, up to so many bytes.
    pub fn client(&self, bytes: usize) -> FetchClient {
        let networks: Vec<IpNet> = self.allow.iter().filter_map(|text| network(text)).collect();
        FetchClient::guarded(networks).with_limits(FetchLimits { time: self.timeout, bytes })
    }

    /// What is wrong beyond types: the key below `audio`, and the problem.
    pub fn faults(&self) -> Vec<(String, String)> {
        let wrong = self.allow.iter().enumerate().filter(|(_, text)| network(text).is_none());
        let told = wrong.map(|(index, text)| {
            (format!("allow[{index}]"), format!("must be a network such as 10.0.0.0/8, or an address, got `{text}`"))
        });
        told.collect()
    }
}
