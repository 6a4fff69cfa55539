//! Addresses and blocks of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address that a text is, if it is one. An IPv4 address in IPv6 clothes is the IPv4 address.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        let plain = text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
        let address: Ipv6Addr = plain.then(|| text.parse().ok())??;
        return Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4));
    }
    let mut parts = text.split('.').map(|part| {
        let digits = !part.is_empty() && part.len() <= 10 && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<u64>().ok().and_then(|part| u8::try_from(part).ok()))?
    });
    let octets = [parts.next()??, parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then(|| IpAddr::V4(Ipv4Addr::from(octets)))
}

/// From the address that was written to the last one of its block: the engine does not clear the bits behind the mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    first: IpAddr,
    last: IpAddr,
}

impl Block {
    /// Errors: the engine's words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // Like Java's split: empty parts at the end do not count.
        let Some((base, bits)) = text.trim_end_matches('/').split_once('/').filter(|(_, bits)| !bits.contains('/'))
        else {
            return Err("Malformed CIDR, one '/' required".to_owned());
        };
        let bits: i32 = bits.parse().map_err(|_| "Malformed CIDR, mask bits must be an integer".to_owned())?;
        let bits = u32::try_from(bits).map_err(|_| "Malformed CIDR, mask bits must not be negative".to_owned())?;
        let first = address(base).ok_or_else(|| format!("Nonstandard IP address: {base}"))?;
        let last = match first {
            IpAddr::V4(_) if bits > 31 => return Err("IPv4 mask bits must be < 32".to_owned()),
            IpAddr::V6(_) if bits > 127 => return Err("IPv6 mask bits must be < 128".to_owned()),
            IpAddr::V4(first) => {
                IpAddr::V4(Ipv4Addr::from(u32::from(first) | (u32::MAX.checked_shr(bits).unwrap_or(0))))
            }
            IpAddr::V6(first) => {
                IpAddr::V6(Ipv6Addr::from(u128::from(first) | (u128::MAX.checked_shr(bits).unwrap_or(0))))
            }
        };
        Ok(Self { first, last })
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        match (self.first, self.last, address(text)) {
            (IpAddr::V4(first), IpAddr::V4(last), Some(IpAddr::V4(it))) => (first..=last).contains(&it),
            (IpAddr::V6(first), IpAddr::V6(last), Some(IpAddr::V6(it))) => (first..=last).contains(&it),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_contains_its_addresses_of_either_family() {
        let four = Block::parse("10.0.0.0/24").unwrap();
        assert!(four.contains("10.0.0.255") && four.contains("10.0.0.0"));
        assert!(
            !four.contains("10.0.1.0") && !four.contains("10.0.0.256") && !four.contains("::1") && !four.contains("x")
        );
        let six = Block::parse("2001:db8:1234:1a00::/64").unwrap();
        assert!(six.contains("2001:0db8:1234:1a00:0000:0000:0000:0000"));
        assert!(!six.contains("2001:0db8:123f:1a01:0000:0000:0000:0000"));
        assert!(Block::parse("0.0.0.0/0").unwrap().contains("255.255.255.255"));
    }

    #[test]
    fn bad_blocks_are_refused_in_the_engines_words() {
        for (text, expected) in [
            ("10.0.0.0", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/8/8", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/x", "Malformed CIDR, mask bits must be an integer"),
            ("10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"),
            ("10.0.0.0/32", "IPv4 mask bits must be < 32"),
            ("::/128", "IPv6 mask bits must be < 128"),
            ("host/8", "Nonstandard IP address: host"),
        ] {
            assert_eq!(Block::parse(text).unwrap_err(), expected, "{text}");
        }
    }
}
