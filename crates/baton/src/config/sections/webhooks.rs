//! `[webhooks]`.

use baton_events::webhooks::{Schedule, WebhookSettings};
use humantime_serde::Serde;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;
use std::net::IpAddr;
use std::time::Duration;

/// Events that are sent to services over HTTP, registered with `/api/webhooks`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksSection {
    /// Networks besides the public internet that webhooks may be in (`["10.0.0.0/8"]`); there `http` is allowed too.
    pub allow: Vec<String>,
    /// How long a service may take to reply.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub timeout: Duration,
    /// The pauses before a failed delivery is tried again, in order, varied by a fifth; after the last one it is given
    /// up, and can be repeated with `baton webhooks redeliver`.
    #[schemars(with = "Vec<String>")]
    pub schedule: Vec<Serde<Duration>>,
}

impl Default for WebhooksSection {
    fn default() -> Self {
        let WebhookSettings { timeout, schedule, .. } = WebhookSettings::default();
        Self { allow: Vec::new(), timeout, schedule: schedule.0.into_iter().map(Serde::from).collect() }
    }
}

impl WebhooksSection {
    /// The networks where webhooks may be besides the public internet.
    pub fn networks(&self) -> Vec<IpNet> {
        self.allow.iter().filter_map(|text| network(text)).collect()
    }

    /// How webhooks are called.
    pub fn settings(&self) -> WebhookSettings {
        let schedule = Schedule(self.schedule.iter().map(|wait| **wait).collect());
        WebhookSettings { allow: self.networks(), timeout: self.timeout, schedule }
    }

    /// What is wrong beyond types: the key below `webhooks`, and the problem.
    pub fn faults(&self) -> Vec<(String, String)> {
        let wrong = self.allow.iter().enumerate().filter(|(_, text)| network(text).is_none());
        let mut faults: Vec<_> = wrong
            .map(|(index, text)| {
                let problem = format!("must be a network such as 10.0.0.0/8, or an address, got `{text}`");
                (format!("allow[{index}]"), problem)
            })
            .collect();
        if self.timeout.is_zero() {
            faults.push(("timeout".to_owned(), "must be a time such as 10s".to_owned()));
        }
        faults
    }
}

/// A network, or one address.
pub(super) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn networks_and_waits_are_read() {
        let section: WebhooksSection =
            toml::from_str("allow = [\"10.0.0.0/8\", \"192.168.1.1\"]\nschedule = [\"1s\", \"2m\"]").unwrap();
        let settings = section.settings();
        assert_eq!(settings.allow, ["10.0.0.0/8".parse().unwrap(), "192.168.1.1/32".parse().unwrap()]);
        assert_eq!(settings.schedule, Schedule([1, 120].map(Duration::from_secs).to_vec()));
        assert_eq!(section.faults(), []);
        assert_eq!(WebhooksSection::default().settings(), WebhookSettings::default());
        let wrong = WebhooksSection {
            allow: vec!["10.0.0.0/8".into(), "home".into()],
            timeout: Duration::ZERO,
            ..WebhooksSection::default()
        };
        let keys: Vec<String> = wrong.faults().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["allow[1]", "timeout"]);
    }
}
