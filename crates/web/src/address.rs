//! Where a request comes from, when proxies stand before Baton.

use http::{HeaderMap, HeaderName, header::FORWARDED};
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

/// The proxies that are believed when they say for whom they ask. By default there are none.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    trusted: Arc<[IpNet]>,
    header: ForwardedHeader,
}

/// In which header they say it. Only one is read: a proxy that writes the one passes the other on as the client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ForwardedHeader {
    /// `x-forwarded-for: client, proxy`.
    #[default]
    XForwardedFor,
    /// `forwarded: for=client, for=proxy` (RFC 7239).
    Forwarded,
}

impl Proxies {
    /// Proxies in these networks.
    pub fn new(trusted: Vec<IpNet>, header: ForwardedHeader) -> Self {
        Self { trusted: trusted.into(), header }
    }

    /// The address of the client: the peer, or, when that is a trusted proxy, the last one before the trusted ones that
    /// the header names. `None` if a trusted proxy names something that is no address.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        // Anyone can send the header, so it counts only from a trusted proxy.
        if !self.trusts(peer) {
            return Some(peer);
        }
        let hops = match self.header {
            ForwardedHeader::XForwardedFor => header_elements(headers, &HeaderName::from_static("x-forwarded-for")),
            ForwardedHeader::Forwarded => header_elements(headers, &FORWARDED),
        };
        let mut client = peer;
        // From the right: only the entries that trusted proxies appended can be believed.
        for hop in hops.iter().rev() {
            let named = match self.header {
                ForwardedHeader::XForwardedFor => Some(hop.as_str()),
                ForwardedHeader::Forwarded => forwarded_for(hop),
            };
            client = address(named?)?;
            if !self.trusts(client) {
                break;
            }
        }
        Some(client)
    }

    /// Whether that is the address of a trusted proxy.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }
}

/// The elements of a header that is a list, all its lines together. A line that is no text is one that names nobody.
fn header_elements(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
    lines.flat_map(|line| line.split(',')).map(|hop| hop.trim().to_owned()).filter(|hop| !hop.is_empty()).collect()
}

/// What `for` says in an element of `Forwarded`.
fn forwarded_for(hop: &str) -> Option<&str> {
    let pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    Some(value.trim().trim_matches('"'))
}

/// An address with or without a port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        // One colon parts an address of version 4 from its port; more belong to one of version 6.
        None if text.matches(':').count() == 1 => text.split_once(':')?.0,
        None => text,
    };
    // Canonical, so that `::ffff:10.0.0.1` is matched by a network of version 4.
    host.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn check(header: ForwardedHeader, peer: &str, lines: &[&'static str], expected: Option<&str>) {
        let name = if header == ForwardedHeader::Forwarded { "forwarded" } else { "x-forwarded-for" };
        let mut headers = HeaderMap::new();
        // The other header is the client's own doing.
        headers.insert("x-forwarded-for", HeaderValue::from_static("6.6.6.6"));
        headers.insert("forwarded", HeaderValue::from_static("for=6.6.6.6"));
        headers.remove(name);
        for line in lines {
            headers.append(name, HeaderValue::from_static(line));
        }
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()], header);
        let client = proxies.client(peer.parse().unwrap(), &headers);
        assert_eq!(client, expected.map(|address| address.parse().unwrap()), "{peer} {lines:?}");
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let check =
            |peer, lines: &[&'static str], expected| check(ForwardedHeader::XForwardedFor, peer, lines, expected);
        check("9.9.9.9", &["1.1.1.1"], Some("9.9.9.9"));
        check("10.0.0.1", &["1.1.1.1"], Some("1.1.1.1"));
        check("::ffff:10.0.0.1", &["1.1.1.1"], Some("1.1.1.1"));
        check("10.0.0.1", &[], Some("10.0.0.1"));
        // What the client itself sent stands left of what the first trusted proxy added.
        check("10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.0.0.2"], Some("1.1.1.1"));
        check("10.0.0.1", &["6.6.6.6", "1.1.1.1", "10.0.0.2"], Some("1.1.1.1"));
        check("10.0.0.1", &["10.0.0.3, 10.0.0.2"], Some("10.0.0.3"));
        check("fd00::1", &["[2606:4700::1]:443"], Some("2606:4700::1"));
        check("10.0.0.1", &["1.1.1.1:5555"], Some("1.1.1.1"));
        check("10.0.0.1", &["1.1.1.1, unknown"], None);
        check("10.0.0.1", &["unknown, 1.1.1.1"], Some("1.1.1.1"));
    }

    #[test]
    fn the_standard_header_is_read_where_it_is_chosen() {
        let check = |lines: &[&'static str], expected| check(ForwardedHeader::Forwarded, "10.0.0.1", lines, expected);
        check(&["for=1.1.1.1;proto=https;by=10.0.0.1"], Some("1.1.1.1"));
        check(&["For=\"[2606:4700::1]:443\", for=10.0.0.2"], Some("2606:4700::1"));
        check(&["proto=https"], None);
        check(&["for=_hidden"], None);
    }
}
