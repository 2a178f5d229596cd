//! Fields that making and changing a key share.

use crate::wire::faults::Faults;
use crate::wire::fields::{Fields, brief};
use crate::wire::time;
use baton_model::{ModelId, Timestamp};
use ipnet::IpNet;
use std::net::IpAddr;

/// The models a key may use; `None` for all.
pub fn models(fields: &mut Fields, faults: &mut Faults) -> Option<Vec<ModelId>> {
    let names: Vec<String> = fields.take("models", "an array of model ids, or null for all", faults)??;
    if names.is_empty() {
        faults.add("models", "is empty, so that the key could use none; leave it out for all");
    }
    Some(names.iter().map(ModelId::from).collect())
}

/// Whether a key is strict.
pub fn strict(fields: &mut Fields, faults: &mut Faults) -> Option<bool> {
    fields.take("strict", "true or false", faults).flatten()
}

/// The networks a key may be used from; `None` for any.
pub fn addresses(fields: &mut Fields, faults: &mut Faults) -> Option<Vec<IpNet>> {
    let texts: Vec<String> = fields.take("addresses", "an array of networks, or null for any", faults)??;
    if texts.is_empty() {
        faults.add("addresses", "is empty, so that the key could be used from nowhere; leave it out for any");
    }
    let mut networks = Vec::new();
    for text in &texts {
        match network(text) {
            Some(network) => networks.push(network),
            None => faults.add(
                "addresses",
                format!("expected a network such as 10.0.0.0/8, or an address, got `{}`", brief(text)),
            ),
        }
    }
    Some(networks)
}

/// From when on a key is refused; `None` for never.
pub fn expiry(fields: &mut Fields, now: Timestamp, faults: &mut Faults) -> Option<Timestamp> {
    let text: String = fields.take("expires_at", time::EXPECTED, faults)??;
    let expiry = time::read(&text);
    match expiry {
        None => faults.add("expires_at", format!("expected {}, got `{}`", time::EXPECTED, brief(&text))),
        Some(expiry) if expiry <= now => faults.add("expires_at", "is in the past"),
        Some(_) => {}
    }
    expiry
}

fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    Some(network.trunc())
}
