use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::limits::{LABEL_BYTES_MAX, NAME_BYTES_MAX};
use crate::router::HostFacts;

/// Where a proxy request wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub host: TargetHost,
    pub port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TargetHost {
    Address(IpAddr),
    /// Lower case, without a trailing dot.
    Name(String),
}

impl Target {
    /// `host:port`, `[::1]:port`; without a port `default_port`. `None` for everything else: user names, empty labels, and
    /// what some resolvers take for an address although it is not written as one (`127.1`, `0x7f000001`).
    pub(crate) fn parse(authority: &str, default_port: Option<u16>) -> Option<Self> {
        if let Some(rest) = authority.strip_prefix('[') {
            let (address, after) = rest.split_once(']')?;
            let port = if after.is_empty() { default_port? } else { port(after.strip_prefix(':')?)? };
            return Some(Self { host: TargetHost::Address(address.parse::<Ipv6Addr>().ok()?.into()), port });
        }
        let (host, port) = match authority.split_once(':') {
            Some((host, text)) => (host, port(text)?),
            None => (authority, default_port?),
        };
        let host = match host.parse::<Ipv4Addr>() {
            Ok(address) => TargetHost::Address(address.into()),
            Err(_) => TargetHost::Name(name(host)?),
        };
        Some(Self { host, port })
    }

    /// Whether this server is what is asked for, `local` being the address by which the request came.
    pub(crate) fn leads_here(&self, hosts: &HostFacts, local: SocketAddr) -> bool {
        match &self.host {
            TargetHost::Name(name) => hosts.is_named(name) || (self.is_loopback() && self.port == local.port()),
            TargetHost::Address(ip) => (ip.is_loopback() || *ip == local.ip()) && self.port == local.port(),
        }
    }

    /// Whether this machine is meant, whatever the DNS says.
    pub(crate) fn is_loopback(&self) -> bool {
        match &self.host {
            TargetHost::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            TargetHost::Address(ip) => ip.is_loopback(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            TargetHost::Address(ip) => write!(f, "{}", SocketAddr::new(*ip, self.port)),
            TargetHost::Name(name) => write!(f, "{name}:{}", self.port),
        }
    }
}

fn port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?.filter(|port| *port != 0)
}

fn name(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let valid = text.len() <= NAME_BYTES_MAX && text.split('.').all(is_label);
    // As the WHATWG's URL standard has it: a name that ends in a number is an address or nothing.
    let last = text.rsplit('.').next().unwrap_or_default();
    let is_number =
        last.bytes().all(|b| b.is_ascii_digit()) || last.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("0x"));
    (valid && !is_number).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_read() {
        for (text, shown) in [
            ("Example.COM.:443", "example.com:443"),
            ("192.0.2.1:80", "192.0.2.1:80"),
            ("[2001:db8::1]:443", "[2001:db8::1]:443"),
            ("db_1:5432", "db_1:5432"),
            ("example.com", "example.com:80"),
            ("[::1]", "[::1]:80"),
        ] {
            assert_eq!(Target::parse(text, Some(80)).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_host_and_port_is_refused() {
        for text in [
            "",
            ":443",
            "example.com",
            "example.com:",
            "example.com:0",
            "example.com:65536",
            "example.com:+1",
            "user@example.com:443",
            "a..b:443",
            "2001:db8::1:443",
            "[::1:443",
            "[fe80::1%eth0]:443",
            "[::1]443",
            "127.1:80",
            "2130706433:80",
            "0x7f000001:80",
            "a.0x7f:80",
            "exa mple.com:443",
            "예.com:443",
        ] {
            assert_eq!(Target::parse(text, None), None, "{text}");
        }
    }

    #[test]
    fn names_of_aws_and_our_own_address_lead_here() {
        let hosts =
            HostFacts { own: vec!["gureum.test".to_owned()], custom_domains: vec!["api.example.com".to_owned()] };
        let local = SocketAddr::from(([127, 0, 0, 1], 4566));
        let here = |text: &str| Target::parse(text, None).unwrap().leads_here(&hosts, local);
        for ours in [
            "sqs.us-east-1.amazonaws.com:443",
            "b.s3.amazonaws.com:80",
            "localhost.localstack.cloud:4566",
            "x.lambda-url.us-east-1.on.aws:443",
            "api.example.com:443",
            "b.s3.gureum.test:443",
            "127.0.0.1:4566",
            "localhost:4566",
            "b.localhost:4566",
        ] {
            assert!(here(ours), "{ours}");
        }
        for other in
            ["example.com:443", "amazonaws.com.evil.org:443", "127.0.0.1:22", "localhost:3000", "192.0.2.1:4566"]
        {
            assert!(!here(other), "{other}");
        }
    }
}
