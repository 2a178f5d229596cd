//! `[prices]`.

use super::webhooks::network;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// What models cost: where newer lists of prices are taken from.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PricesSection {
    /// Where a list of prices is taken over from, in Baton's own form, as models.dev's `api.json` or as LiteLLM's map
    /// (`https://models.dev/api.json`); absent: only what `baton prices update` takes over.
    pub update_url: Option<String>,
    /// How often it is taken over; absent: once a day.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "Option<String>")]
    pub update_every: Option<Duration>,
    /// Networks besides the public internet that a list may be fetched from (`["10.0.0.0/8"]`).
    pub allow_networks: Vec<String>,
}

impl PricesSection {
    /// How often the list is taken over, if one is configured.
    pub fn schedule(&self) -> Option<(String, Duration)> {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        let every = self.update_every.unwrap_or(DAY);
        self.update_url.clone().filter(|_| !every.is_zero()).map(|url| (url, every))
    }

    /// The networks that a list may be fetched from besides the public internet.
    pub fn networks(&self) -> Vec<IpNet> {
        self.allow_networks.iter().filter_map(|text| network(text)).collect()
    }

    /// What is wrong beyond types: the key below `prices`, and the problem.
    pub fn faults(&self) -> Vec<(String, String)> {
        let wrong = self.allow_networks.iter().enumerate().filter(|(_, text)| network(text).is_none());
        let mut faults: Vec<_> = wrong
            .map(|(index, text)| {
                let problem = format!("must be a network such as 10.0.0.0/8, or an address, got `{text}`");
                (format!("allow_networks[{index}]"), problem)
            })
            .collect();
        let is_address = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if self.update_url.as_ref().is_some_and(|url| !is_address(url)) {
            faults.push(("update_url".to_owned(), "must be an address such as https://models.dev/api.json".to_owned()));
        }
        if self.update_every.is_some_and(|every| every < Duration::from_secs(60)) {
            faults.push(("update_every".to_owned(), "must be a time of at least 1m, such as 1d".to_owned()));
        }
        faults
    }
}
