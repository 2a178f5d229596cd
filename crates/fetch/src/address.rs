//! Which addresses belong to the public internet.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks of version 4 that are no place on the public internet, by IANA's special-purpose registry.
const SPECIAL: [([u8; 4], u8); 17] = [
    ([0, 0, 0, 0], 8),          // this network, the unspecified address
    ([10, 0, 0, 0], 8),         // private
    ([100, 64, 0, 0], 10),      // carrier-grade NAT; Alibaba's metadata
    ([127, 0, 0, 0], 8),        // loopback
    ([168, 63, 129, 16], 32),   // public by its number, but Azure's host
    ([169, 254, 0, 0], 16),     // link-local; the metadata of most clouds
    ([172, 16, 0, 0], 12),      // private
    ([192, 0, 0, 0], 24),       // protocol assignments; Oracle's metadata
    ([192, 0, 2, 0], 24),       // documentation
    ([192, 88, 99, 0], 24),     // relays of 6to4
    ([192, 168, 0, 0], 16),     // private
    ([198, 18, 0, 0], 15),      // benchmarks
    ([198, 51, 100, 0], 24),    // documentation
    ([203, 0, 113, 0], 24),     // documentation
    ([224, 0, 0, 0], 4),        // multicast
    ([240, 0, 0, 0], 4),        // reserved
    ([255, 255, 255, 255], 32), // broadcast
];

/// What is public of version 6, and the parts of it that are not.
const GLOBAL: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
const SPECIAL_6: [([u16; 8], u8); 4] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), // protocol assignments; Teredo, which holds an address of version 4
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), // documentation
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), // 6to4, which holds an address of version 4
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), // documentation
];
/// The one well-known prefix by which networks without version 4 reach it.
const NAT64: ([u16; 8], u8) = ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// Whether the address is a place on the public internet: neither this machine, nor its network, nor a group, nor the
/// metadata service of a cloud, in whatever form it is written.
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_4(address),
        IpAddr::V6(address) => is_global_6(address),
    }
}

/// Whether a call may go there: the public internet, or a network that is allowed.
pub fn is_permitted(address: IpAddr, allowed: &[IpNet]) -> bool {
    // Canonical for the networks too: `::ffff:10.1.2.3` is in `10.0.0.0/8`.
    is_global(address) || allowed.iter().any(|network| network.contains(&address.to_canonical()))
}

fn is_global_4(address: Ipv4Addr) -> bool {
    !SPECIAL.into_iter().any(|(octets, length)| within_4(address, octets, length))
}

fn is_global_6(address: Ipv6Addr) -> bool {
    // An address of version 4 in the clothes of version 6 would pass the ranges of version 6.
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_global_4(mapped);
    }
    if within_6(address, NAT64) {
        let [.., a, b, c, d] = address.octets();
        return is_global_4(Ipv4Addr::new(a, b, c, d));
    }
    // Of version 6 what is public is listed, and all else is refused: most of the space is not assigned to anybody.
    within_6(address, GLOBAL) && !SPECIAL_6.into_iter().any(|network| within_6(address, network))
}

fn within_4(address: Ipv4Addr, octets: [u8; 4], length: u8) -> bool {
    Ipv4Net::new(octets.into(), length).is_ok_and(|network| network.contains(&address))
}

fn within_6(address: Ipv6Addr, (segments, length): ([u16; 8], u8)) -> bool {
    Ipv6Net::new(segments.into(), length).is_ok_and(|network| network.contains(&address))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The forms in which an address of version 6 can hold one of version 4.
    fn embedded(address: Ipv4Addr) -> [IpAddr; 6] {
        let [a, b, c, d] = address.octets().map(u16::from);
        let (high, low) = (a << 8 | b, c << 8 | d);
        [
            [0, 0, 0, 0, 0, 0xffff, high, low],
            [0, 0, 0, 0, 0, 0, high, low],
            [0x64, 0xff9b, 0, 0, 0, 0, high, low],
            [0x64, 0xff9b, 1, 0, 0, 0, high, low],
            [0x2002, high, low, 0, 0, 0, 0, 1],
            [0x2001, 0, high, low, 0, 0, !high, !low],
        ]
        .map(|segments| IpAddr::V6(Ipv6Addr::from(segments)))
    }

    proptest! {
        /// Judged by the words of the standard library, which has its own tables.
        #[test]
        fn what_is_special_of_version_4_is_refused_in_every_form(bits: u32) {
            // Few random addresses are special, so some are made so.
            for bits in [bits, 0x0a00_0000 | bits >> 8, 0x7f00_0000 | bits >> 8, 0xa9fe_0000 | bits >> 16] {
                let address = Ipv4Addr::from(bits);
                let special = address.is_private() || address.is_loopback() || address.is_link_local()
                    || address.is_multicast() || address.is_broadcast() || address.is_documentation()
                    || address.is_unspecified();
                if special {
                    prop_assert!(!is_global(address.into()), "{}", address);
                    for form in embedded(address) {
                        prop_assert!(!is_global(form), "{} holds {}", form, address);
                    }
                }
            }
        }

        #[test]
        fn what_is_special_of_version_6_is_refused(bits: u128, low: u64) {
            for address in [Ipv6Addr::from(bits), Ipv6Addr::from(u128::from(low)), Ipv6Addr::from(bits >> 64 | 0xfd << 120)] {
                let special = address.is_loopback() || address.is_unspecified() || address.is_multicast()
                    || address.is_unicast_link_local() || address.is_unique_local();
                if special {
                    prop_assert!(!is_global(address.into()), "{}", address);
                }
            }
        }

        #[test]
        fn mapped_and_translated_addresses_are_what_they_stand_for(bits: u32) {
            let address = Ipv4Addr::from(bits);
            let [mapped, _, translated, ..] = embedded(address);
            prop_assert_eq!(is_global(mapped), is_global(address.into()));
            prop_assert_eq!(is_global(translated), is_global(address.into()));
        }
    }

    #[test]
    fn addresses_by_name() {
        for public in
            ["1.1.1.1", "93.184.216.34", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2001:4860:4860::8888"]
        {
            assert!(is_global(public.parse().unwrap()), "{public}");
        }
        let special = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for special in special {
            assert!(!is_global(special.parse().unwrap()), "{special}");
        }
    }

    #[test]
    fn networks_can_be_allowed() {
        let allowed = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "1.1.1.1"] {
            assert!(is_permitted(address.parse().unwrap(), &allowed), "{address}");
        }
        for address in ["127.0.0.1", "192.168.0.1", "fe80::1", "::10.1.2.3"] {
            assert!(!is_permitted(address.parse().unwrap(), &allowed), "{address}");
        }
    }
}
