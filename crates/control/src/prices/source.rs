//! Fetches lists of prices.

use baton_fetch::{FetchClient, FetchLimits, FetchRequest};
use baton_model::{Code, PublicError, bounds};
use bytes::Bytes;
use ipnet::IpNet;
use std::time::Duration;

/// The most time for a list, from resolving the name to the last byte.
const TIME: Duration = Duration::from_secs(60);

/// Fetches lists of prices from the public internet, and from networks that the operator allows.
#[derive(Debug, Clone)]
pub struct PriceSource {
    client: FetchClient,
}

impl PriceSource {
    /// From the public internet and these networks.
    pub fn new(allowed: Vec<IpNet>) -> Self {
        let limits = FetchLimits { time: TIME, bytes: bounds::CATALOGUE_BYTES };
        Self { client: FetchClient::guarded(allowed).with_limits(limits) }
    }

    /// The list at an address.
    ///
    /// # Errors
    /// `provider_error` if it can't be fetched, with the reason.
    pub async fn fetch(&self, url: &str) -> Result<Bytes, PublicError> {
        let refuse = |problem: String| PublicError::new(Code::ProviderError, format!("url: {problem}")).at("url");
        let reply = self.client.send(FetchRequest::get(url)).await.map_err(|error| refuse(error.public()))?;
        if !reply.status.is_success() {
            return Err(refuse(format!("the service replied {}", reply.status.as_u16())));
        }
        Ok(reply.body)
    }
}
