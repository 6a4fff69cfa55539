use std::net::{Ipv4Addr, Ipv6Addr};

use kernel::strip_aws_suffix;

/// Top-level domains that nobody can register: a name below them cannot be pointed at us by a stranger.
/// Source: RFC 6761 (`test`, `localhost`), ICANN's reservation of `internal` (`host.docker.internal`).
const RESERVED_DOMAINS: [&str; 3] = ["localhost", "test", "internal"];

/// Splits `name:port` and `[::1]:port`. `None` for what is neither.
pub(super) fn split_port(host: &str) -> Option<(&str, Option<u16>)> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (name, after) = rest.split_once(']')?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
            (name, port)
        }
        None => match host.rsplit_once(':') {
            Some((name, _)) if name.contains(':') => (host, None),
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    let port = port.filter(|port| !port.is_empty()).map(str::parse).transpose().ok()?;
    Some((name.strip_suffix('.').unwrap_or(name), port))
}

/// Whether a name, without port, means this machine whatever the DNS says.
pub(super) fn is_loopback_name(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || ends_below(name, "localhost")
        || name.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || name.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a `Host` is one that a stranger's DNS cannot have led here: loopback, an IP literal, a single label, a reserved
/// domain, a name of AWS's, or one of `allowed` (`--host`) and the names below it. A page of a dotted public name that
/// resolves to this machine (DNS rebinding) is what this keeps out.
pub fn is_own_host(host: &str, allowed: &[String]) -> bool {
    let Some((name, _)) = split_port(host) else { return false };
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if name.parse::<Ipv4Addr>().is_ok() || name.parse::<Ipv6Addr>().is_ok() {
        return true;
    }
    if name.is_empty() || !name.bytes().all(is_name) {
        return false;
    }
    !name.contains('.')
        || strip_aws_suffix(name).is_some()
        || RESERVED_DOMAINS.iter().any(|domain| ends_below(name, domain))
        || allowed.iter().any(|own| name.eq_ignore_ascii_case(own) || ends_below(name, own))
}

/// Whether `name` lies below `domain`. Case counts for nothing.
fn ends_below(name: &str, domain: &str) -> bool {
    let cut = name.len().checked_sub(domain.len() + 1).filter(|cut| *cut > 0);
    cut.and_then(|cut| name.get(cut..)).is_some_and(|end| end.starts_with('.') && end[1..].eq_ignore_ascii_case(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_dns_cannot_bring_here_are_own() {
        let allowed = vec!["gureum.example.com".to_owned()];
        for own in [
            "localhost:4566",
            "LOCALHOST",
            "localhost.",
            "bucket.s3.localhost:4566",
            "127.0.0.1",
            "[::1]:4566",
            "[2001:db8::1]",
            "192.168.0.3:80",
            "gureum",
            "lambda:4566",
            "sqs.us-east-1.amazonaws.com",
            "x.lambda-url.us-east-1.on.aws",
            "localhost.localstack.cloud:4566",
            "host.docker.internal:4566",
            "Gureum.Example.com",
            "b.s3.gureum.example.com:443",
        ] {
            assert!(is_own_host(own, &allowed), "{own}");
        }
    }

    #[test]
    fn dotted_public_names_are_foreign() {
        for foreign in [
            "",
            "evil.com",
            "evil.com.",
            "evil.com:4566",
            "localhost.evil.com",
            "127.0.0.1.nip.io",
            "evil-amazonaws.com",
            "notlocalhost.com",
            "user@localhost",
            "localhost:port",
            "evil.com:80:80]",
            "[::1",
            "[::1]x",
            "0x7f.1",
            ".localhost.evil.com",
            "a b",
        ] {
            assert!(!is_own_host(foreign, &["gureum.example.com".to_owned()]), "{foreign}");
        }
    }
}
