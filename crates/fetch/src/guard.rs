//! Where a guarded client may connect. The addresses that pass here are the ones that are connected to: nothing asks
//! the name a second time, so a name that resolves differently then (DNS rebinding) gains nothing.

use crate::FetchError;
use crate::address::is_permitted;
use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The networks that are allowed beside the public internet.
#[derive(Debug, Clone, Default)]
pub(crate) struct AddressGuard(Arc<[IpNet]>);

impl AddressGuard {
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self(allowed.into())
    }

    /// Checks an address that is written as a number: those are connected to without [`Resolve`].
    pub fn check(&self, url: &Url) -> Result<(), FetchError> {
        let host = url.host_str().unwrap_or_default();
        // The URL parser has made numbers of `0x7f.1`, `2130706433` and their like, so all spellings are seen here.
        let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() else { return Ok(()) };
        if is_permitted(address, &self.0) {
            return Ok(());
        }
        Err(FetchError::Refused { host: host.to_owned(), address })
    }

    /// Those of a name's addresses that may be called.
    fn filter_addresses(
        &self,
        host: &str,
        found: impl Iterator<Item = SocketAddr>,
    ) -> Result<Vec<SocketAddr>, FetchError> {
        let (good, bad): (Vec<_>, Vec<_>) = found.partition(|address| is_permitted(address.ip(), &self.0));
        match (good.is_empty(), bad.first()) {
            // A name with some forbidden addresses is called at the permitted ones only.
            (false, _) => Ok(good),
            (true, Some(bad)) => Err(FetchError::Refused { host: host.to_owned(), address: bad.ip() }),
            (true, None) => Err(FetchError::Unresolved { host: host.to_owned() }),
        }
    }
}

impl Resolve for AddressGuard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            // The port is set by the HTTP client; the resolver gets the name alone.
            let found = tokio::net::lookup_host((host, 0)).await;
            let found = found.map_err(|_| FetchError::Unresolved { host: host.to_owned() })?;
            Ok(Box::new(guard.filter_addresses(host, found)?.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn check(found: &[&str], expected: Result<&[&str], &str>) {
        let address = |text: &&str| SocketAddr::new(text.parse().unwrap(), 0);
        let guard = AddressGuard::new(vec!["10.9.0.0/16".parse().unwrap()]);
        let sifted = guard.filter_addresses("name.test", found.iter().map(address)).map_err(|error| error.to_string());
        let expected = expected.map(|good| good.iter().map(address).collect::<Vec<_>>()).map_err(str::to_owned);
        assert_eq!(sifted, expected);
    }

    #[test]
    fn a_name_is_as_good_as_its_addresses() {
        check(&["1.1.1.1"], Ok(&["1.1.1.1"]));
        // A name that points to the inside as well is followed only to the outside.
        check(&["127.0.0.1", "1.1.1.1", "::1", "10.9.8.7"], Ok(&["1.1.1.1", "10.9.8.7"]));
        let refused =
            "`name.test` is 169.254.169.254, which is neither on the public internet nor in an allowed network";
        check(&["169.254.169.254"], Err(refused));
        check(&[], Err("the name `name.test` can't be resolved"));
    }
}
