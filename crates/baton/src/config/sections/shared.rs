//! What nodes share beside the database.

use baton_bus::{BusSettings, StreamBound};
use baton_kv::RedisSettings;
use baton_providers::SecretValue;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// Redis (7 or newer): the response cache, notices, and the bus if there is no NATS.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RedisSection {
    /// `redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]`, or `rediss://` for TLS; absent: no Redis.
    #[schemars(with = "Option<String>")]
    pub url: Option<SecretValue>,
    /// The prefix of keys and streams.
    pub prefix: String,
    /// How long a request waits for Redis; if Redis is slower, it is not used for a while.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub timeout: Duration,
}

impl Default for RedisSection {
    fn default() -> Self {
        let RedisSettings { prefix, timeout, .. } = RedisSettings::at("");
        Self { url: None, prefix, timeout }
    }
}

impl RedisSection {
    /// Where Redis is; `None`: there is none.
    pub fn settings(&self) -> Option<RedisSettings> {
        let url = self.url.as_ref()?.reveal().to_owned();
        Some(RedisSettings { url, prefix: self.prefix.clone(), timeout: self.timeout })
    }
}

/// NATS with JetStream: the bus.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NatsSection {
    /// `nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT]`, or `tls://` for TLS, the servers of a cluster separated by commas;
    /// absent: no NATS.
    #[schemars(with = "Option<String>")]
    pub url: Option<SecretValue>,
    /// The prefix of subjects; streams have it in capitals.
    pub prefix: String,
}

impl Default for NatsSection {
    fn default() -> Self {
        Self { url: None, prefix: BusSettings::default().prefix }
    }
}

/// The bus for events and commands: NATS if configured, else Redis, else this process. All nodes must have the same
/// settings.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BusSection {
    /// How long a node has to execute a command before another node gets it; a node that is still working extends it.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String")]
    pub ack_wait: Duration,
    /// The longest that one operation may take.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub timeout: Duration,
    /// The most commands that may wait.
    #[schemars(extend("x-limit" = true))]
    pub max_commands: u64,
    /// The most events that the bus keeps; the oldest go first.
    #[schemars(extend("x-limit" = true))]
    pub max_events: u64,
    /// How long the bus keeps them.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub event_age: Duration,
    /// The most dead letters that the bus keeps.
    #[schemars(extend("x-limit" = true))]
    pub max_dead: u64,
    /// How long the bus keeps them.
    #[serde(with = "crate::config::duration")]
    #[schemars(with = "String", extend("x-limit" = true))]
    pub dead_age: Duration,
}

impl Default for BusSection {
    fn default() -> Self {
        let BusSettings { ack_wait, timeout, max_commands, events, dead, .. } = BusSettings::default();
        Self {
            ack_wait,
            timeout,
            max_commands,
            max_events: events.length,
            event_age: events.age,
            max_dead: dead.length,
            dead_age: dead.age,
        }
    }
}

impl BusSection {
    /// How the bus behaves, with names of that prefix.
    pub fn settings(&self, prefix: &str) -> BusSettings {
        BusSettings {
            prefix: prefix.to_owned(),
            ack_wait: self.ack_wait,
            timeout: self.timeout,
            max_commands: self.max_commands,
            events: StreamBound { length: self.max_events, age: self.event_age },
            dead: StreamBound { length: self.max_dead, age: self.dead_age },
            ..BusSettings::default()
        }
    }
}

/// What is wrong with these sections: the key, and what was expected.
pub(super) fn faults(redis: &RedisSection, nats: &NatsSection, bus: &BusSection) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    for (key, prefix) in [("redis.prefix", &redis.prefix), ("nats.prefix", &nats.prefix)] {
        // NATS gives `.`, `*` and `>` a meaning in subjects, and Redis `*` and `?` in patterns.
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if prefix.is_empty() || !prefix.bytes().all(letter) {
            faults.push((key, format!("must be letters, digits, `-` and `_`, got `{prefix}`")));
        }
    }
    for (key, least, duration) in [
        ("redis.timeout", Duration::from_millis(1), redis.timeout),
        ("bus.ack_wait", Duration::from_secs(1), bus.ack_wait),
        ("bus.timeout", Duration::from_millis(100), bus.timeout),
        ("bus.event_age", Duration::from_secs(60), bus.event_age),
        ("bus.dead_age", Duration::from_secs(60), bus.dead_age),
    ] {
        if duration < least {
            faults.push((key, format!("must be at least {least:?}, got {duration:?}")));
        }
    }
    for (key, number) in
        [("bus.max_commands", bus.max_commands), ("bus.max_events", bus.max_events), ("bus.max_dead", bus.max_dead)]
    {
        if number == 0 {
            faults.push((key, "must be at least 1, got 0".into()));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_and_nothing_leaks() {
        let (redis, nats, bus) = (RedisSection::default(), NatsSection::default(), BusSection::default());
        assert_eq!(faults(&redis, &nats, &bus), []);
        let redis =
            RedisSection { url: Some("redis://:secret@x".into()), prefix: "a*".into(), timeout: Duration::ZERO };
        let bus = BusSection { max_commands: 0, ..bus };
        assert_eq!(
            faults(&redis, &nats, &bus),
            [
                ("redis.prefix", "must be letters, digits, `-` and `_`, got `a*`".to_owned()),
                ("redis.timeout", "must be at least 1ms, got 0ns".to_owned()),
                ("bus.max_commands", "must be at least 1, got 0".to_owned()),
            ]
        );
        assert!(!format!("{redis:?} {:?}", redis.settings()).contains("secret"));
    }
}
