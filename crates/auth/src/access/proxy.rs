//! Who may use the port as an HTTP proxy, and where it may lead.
//! Source: ARCHITECTURE.md, "Who may do what".

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderMap;
use http::header::PROXY_AUTHORIZATION;

use super::Listener;
use crate::limits::FORMER_PROXY_BYTES_MAX;
use crate::sigv4::same_secret;

/// A request to be led somewhere: `CONNECT`, or one whose target is a whole address.
#[derive(Clone, Copy, Debug)]
pub struct ProxyCall<'a> {
    pub listener: &'a Listener,
    /// Whether the listener's own address is loopback.
    pub on_loopback: bool,
    /// Whether it leads to this server: by a name of AWS's or of ours.
    pub here: bool,
    pub headers: &'a HeaderMap,
}

/// What a request that may pass says about its way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyPass {
    /// The proxy that the user had before us, `http://user:password@host:port`: the way leads through it.
    pub former: Option<String>,
}

/// Why a request is not led on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProxyRefusal {
    #[error("a function may not use the platform as a proxy")]
    Sandbox,
    #[error("this listener is not on loopback: as a proxy it leads to AWS's names only")]
    OffLoopback,
    #[error("as a proxy this server leads to other hosts than AWS's for commands of `gureum exec` only")]
    Token,
}

/// The rule. `token` is the server's own; without one nothing leads elsewhere.
/// Shape: to us always, save out of a sandbox; elsewhere on loopback only, and only with the token.
pub(super) fn admit(call: &ProxyCall<'_>, token: Option<&str>) -> Result<ProxyPass, ProxyRefusal> {
    if matches!(call.listener, Listener::Sandbox { .. }) {
        return Err(ProxyRefusal::Sandbox);
    }
    if call.here {
        return Ok(ProxyPass::default());
    }
    if !call.on_loopback {
        return Err(ProxyRefusal::OffLoopback);
    }
    let (user, password) = basic(call.headers).ok_or(ProxyRefusal::Token)?;
    if !token.is_some_and(|token| same_secret(token, &password)) {
        return Err(ProxyRefusal::Token);
    }
    Ok(ProxyPass { former: former_proxy(&user).ok_or(ProxyRefusal::Token)? })
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(PROXY_AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(encoded.trim()))?.ok()?;
    let (user, password) =
        String::from_utf8(decoded).ok()?.split_once(':').map(|(u, p)| (u.to_owned(), p.to_owned()))?;
    Some((user, password))
}

/// The user name of whom no former proxy stands behind.
const USER: &str = "gureum";
/// Before the former proxy's address in base64url.
const USER_VIA: &str = "gureum-via-";

/// The user name that `exec` puts beside the token: it carries the proxy that the user had before, which differs from one
/// shell to the next and so is nothing that the server could know.
pub fn proxy_user(former: Option<&str>) -> String {
    former.map_or_else(|| USER.to_owned(), |former| format!("{USER_VIA}{}", URL_SAFE_NO_PAD.encode(former)))
}

/// What [`proxy_user`] has written: `None` when it has not, `Some(None)` when there was no former proxy.
pub fn former_proxy(user: &str) -> Option<Option<String>> {
    if user == USER {
        return Some(None);
    }
    let encoded = user.strip_prefix(USER_VIA)?;
    let former = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()?;
    (former.len() <= FORMER_PROXY_BYTES_MAX).then_some(Some(former))
}

/// Whether a tunnel may end at this address: not at this machine, not at its link, not where a cloud keeps its secrets.
/// The machine's own other addresses are the caller's to know.
/// Source: IANA's special-purpose registries (RFC 6890); the clouds' pages on instance metadata.
pub fn may_lead_to(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => may_lead_to_v4(v4),
        IpAddr::V6(v6) => embedded_v4(v6).map_or_else(|| may_lead_to_v6(v6), may_lead_to_v4),
    }
}

/// Metadata outside of the link-local range: Alibaba's, Oracle's, Azure's wire server.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];
/// AWS's metadata, DNS and time by IPv6 (`fd00:ec2::/32`), and Google's metadata (`fd20:ce::254`).
const METADATA_V6: [(u16, u16); 2] = [(0xfd00, 0x0ec2), (0xfd20, 0x00ce)];

fn may_lead_to_v4(ip: Ipv4Addr) -> bool {
    let this_network = ip.octets()[0] == 0;
    !(ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || this_network
        || METADATA_V4.contains(&ip))
}

fn may_lead_to_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    !(ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_unicast_link_local()
        || METADATA_V6.contains(&(first, second)))
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match ip.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        // ::1 and :: have rules of their own.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(user: &str, password: &str) -> HeaderMap {
        let value = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        HeaderMap::from_iter([(PROXY_AUTHORIZATION, value.parse().unwrap())])
    }

    fn sandbox(any_key: bool) -> Listener {
        Listener::Sandbox { access_key_id: "ASIA".to_owned(), any_key, access: kernel::Access::Open }
    }

    #[test]
    fn to_us_anybody_is_led_but_a_function() {
        let none = HeaderMap::new();
        for on_loopback in [true, false] {
            for listener in [Listener::Open, Listener::Strict] {
                let call = ProxyCall { listener: &listener, on_loopback, here: true, headers: &none };
                assert_eq!(admit(&call, None), Ok(ProxyPass::default()));
            }
        }
        let all = headers("gureum", "token");
        for listener in [sandbox(false), sandbox(true)] {
            for here in [true, false] {
                let call = ProxyCall { listener: &listener, on_loopback: true, here, headers: &all };
                assert_eq!(admit(&call, Some("token")), Err(ProxyRefusal::Sandbox));
            }
        }
    }

    #[test]
    fn elsewhere_needs_loopback_and_the_token() {
        let ask = |on_loopback, headers: &HeaderMap, token| {
            admit(&ProxyCall { listener: &Listener::Open, on_loopback, here: false, headers }, token)
        };
        let right = headers("gureum", "token");
        assert_eq!(ask(true, &right, Some("token")), Ok(ProxyPass { former: None }));
        assert_eq!(ask(false, &right, Some("token")), Err(ProxyRefusal::OffLoopback));
        assert_eq!(ask(true, &right, None), Err(ProxyRefusal::Token));
        for wrong in [HeaderMap::new(), headers("gureum", ""), headers("gureum", "tokem"), headers("other", "token")] {
            assert_eq!(ask(true, &wrong, Some("token")), Err(ProxyRefusal::Token));
        }
        let former = "http://someone:secret@proxy.example:3128";
        let chained = headers(&proxy_user(Some(former)), "token");
        assert_eq!(ask(true, &chained, Some("token")), Ok(ProxyPass { former: Some(former.to_owned()) }));
    }

    #[test]
    fn no_tunnel_ends_at_this_machine_its_link_or_a_clouds_metadata() {
        for refused in [
            "127.0.0.1",
            "127.8.9.10",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.170.2",
            "100.100.100.200",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ] {
            assert!(!may_lead_to(refused.parse().unwrap()), "{refused}");
        }
        for allowed in ["192.0.2.7", "10.1.2.3", "192.168.0.9", "2001:db8::1", "fd12::1", "::ffff:192.0.2.7"] {
            assert!(may_lead_to(allowed.parse().unwrap()), "{allowed}");
        }
    }
}
