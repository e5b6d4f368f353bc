//! Addresses that no outbound request may reach, beside those that upstream knows:
//! ranges that are of no use outside a network, and ways to write another address.

use everruns_core::url_validation::is_blocked_ip;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ranges by their first address and the length of their prefix.
const V4: [(Ipv4Addr, u32); 7] = [
    // This network.
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    // Where Azure's virtual machines reach their platform.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    // Protocol assignments.
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    // Relays of 6to4.
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    // Benchmarks.
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    // Multicast.
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    // Reserved, and broadcast.
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

const V6: [(Ipv6Addr, u32); 10] = [
    // Compatible with IPv4: obsolete, and a way around the filter.
    (Ipv6Addr::UNSPECIFIED, 96),
    // NAT64 within a network.
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48),
    // What is thrown away.
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64),
    // Teredo.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32),
    // Documentation.
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // Documentation as well.
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    // Segments of a network's own routing.
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16),
    // 6to4.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    // Site-local, as unique local addresses were called before.
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    // Multicast.
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
];

/// Prefixes that an IPv4 address follows: mapped ones, translated ones (SIIT), and NAT64,
/// how a network without IPv4 reaches it.
const EMBEDDING: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96),
];

/// What stands before an IPv4 address in the second half of any address (ISATAP); one bit
/// says whether the address is unique in the world.
const ISATAP: u32 = 0x0000_5efe;
const ISATAP_UNIQUE_BIT: u32 = 0x0200_0000;

/// Whether an address is inside the platform, or may lead there.
pub(super) fn is_internal(ip: IpAddr) -> bool {
    if is_blocked_ip(ip) {
        return true;
    }
    match ip {
        IpAddr::V4(ip) => V4.into_iter().any(|range| is_v4_in(ip, range)),
        IpAddr::V6(ip) => {
            meant(ip).is_some_and(|meant| is_internal(meant.into()))
                || V6.into_iter().any(|range| is_v6_in(ip, range))
        }
    }
}

/// The IPv4 address that an IPv6 address stands for.
fn meant(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., e, f, g, h, a, b, c, d] = ip.octets();
    let before = u32::from_be_bytes([e, f, g, h]);
    let is_isatap = before & !ISATAP_UNIQUE_BIT == ISATAP;
    let is_embedded = EMBEDDING.into_iter().any(|range| is_v6_in(ip, range));
    (is_embedded || is_isatap).then(|| Ipv4Addr::new(a, b, c, d))
}

fn is_v4_in(ip: Ipv4Addr, (first, prefix): (Ipv4Addr, u32)) -> bool {
    (u32::from(ip) ^ u32::from(first)) >> (32 - prefix) == 0
}

fn is_v6_in(ip: Ipv6Addr, (first, prefix): (Ipv6Addr, u32)) -> bool {
    (u128::from(ip) ^ u128::from(first)) >> (128 - prefix) == 0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// However an address of a network's inside is written it is known, and its
    /// neighbours outside are free.
    #[test]
    fn inside_and_outside() {
        for inside in [
            "127.0.0.1",
            "10.0.0.1",
            "0.1.2.3",
            "168.63.129.16",
            "192.0.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "255.255.255.255",
            "::ffff:198.18.0.1",
            "::ffff:10.0.0.1",
            "::10.0.0.1",
            "::ffff:0:127.0.0.1",
            "::ffff:0:10.0.0.1",
            "::ffff:0:198.18.0.1",
            "2a00:1450::5efe:10.0.0.1",
            "2a00:1450::200:5efe:192.168.0.1",
            "3fff::1",
            "5f00::1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b::198.18.0.1",
            "64:ff9b:1::8.8.8.8",
            "2002:a00:1::",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "fec0::1",
            "feff::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "::1",
            "::",
        ] {
            assert!(is_internal(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "8.8.8.8",
            "168.63.129.17",
            "192.0.1.1",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
            "::ffff:0:8.8.8.8",
            "2a00:1450::5efe:8.8.8.8",
            "2001:4860:4860::8888",
            "2003::1",
            "2606:4700::1",
        ] {
            assert!(!is_internal(outside.parse().unwrap()), "{outside}");
        }
    }
}
