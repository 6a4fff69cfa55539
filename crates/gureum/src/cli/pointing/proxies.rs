//! Proxy variables: everything goes by the server, and on from there through the proxy that the user had before.

use std::net::SocketAddr;

use auth::access::{former_proxy, proxy_user};
use config::Environment;
use kernel::AWS_SUFFIXES;

use super::Pointing;
use crate::text::pointing as text;

/// Names that are this machine, in the spellings that clients match.
const LOCAL: [&str; 4] = ["127.0.0.1", "localhost", ".localhost", "::1"];

pub fn set(pointing: &mut Pointing, server: SocketAddr, token: &str, environment: &Environment) {
    let (exempt, left_out) = exemptions(environment);
    for entry in left_out {
        pointing.warnings.push(text::left_out(entry));
    }
    // Curl reads the lower-case spelling of `http_proxy` only, others the upper-case ones only.
    for (upper, lower) in [("HTTP_PROXY", "http_proxy"), ("HTTPS_PROXY", "https_proxy")] {
        let former = former(environment, [lower, upper, "all_proxy", "ALL_PROXY"], server);
        if let Some(former) = former.as_ref().filter(|former| !former.starts_with("http://")) {
            pointing.warnings.push(text::no_such_proxy(upper, without_credentials(former)));
        }
        let address = format!("http://{}:{token}@{server}", proxy_user(former.as_deref()));
        pointing.set(upper, &address);
        pointing.set(lower, &address);
    }
    pointing.set("NO_PROXY", exempt.join(","));
    pointing.set("no_proxy", exempt.join(","));
}

/// The proxy that the user has, beyond those that `exec` has set already.
fn former(environment: &Environment, names: [&str; 4], server: SocketAddr) -> Option<String> {
    let set = names.iter().find_map(|name| environment.get(name))?;
    let with_scheme = if set.contains("://") { set.to_owned() } else { format!("http://{set}") };
    let with_scheme = with_scheme.trim_end_matches('/').to_owned();
    let Some((user, host)) = with_scheme.trim_start_matches("http://").rsplit_once('@') else {
        return Some(with_scheme);
    };
    match former_proxy(user.split(':').next().unwrap_or_default()) {
        // Ours, of this server or one of before: what stands behind it.
        Some(behind) => behind,
        None if host == server.to_string() => None,
        None => Some(with_scheme),
    }
}

/// What goes past the proxy, and what of the user's list must not.
fn exemptions(environment: &Environment) -> (Vec<String>, Vec<String>) {
    let own = environment.get("no_proxy").or_else(|| environment.get("NO_PROXY")).unwrap_or_default();
    let own = own.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty());
    let (left_out, kept): (Vec<&str>, Vec<&str>) = own.partition(|entry| covers_aws(entry));
    let mut exempt: Vec<String> = LOCAL.map(str::to_owned).into();
    for entry in kept {
        if !exempt.iter().any(|there| there == entry) {
            exempt.push(entry.to_owned());
        }
    }
    (exempt, left_out.into_iter().map(str::to_owned).collect())
}

/// Whether an entry of NO_PROXY exempts a name of AWS's: it stands at, above or below one of the suffixes.
fn covers_aws(entry: &str) -> bool {
    let name = entry.trim_start_matches(['*', '.']).to_ascii_lowercase();
    let name = name.split(':').next().unwrap_or_default();
    let below =
        |name: &str, domain: &str| name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    entry == "*" || AWS_SUFFIXES.iter().any(|suffix| !name.is_empty() && (below(suffix, name) || below(name, suffix)))
}

fn without_credentials(address: &str) -> String {
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::of(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn server() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 4566))
    }

    fn pointing(variables: &[(&str, &str)]) -> Pointing {
        let mut pointing = Pointing::default();
        set(&mut pointing, server(), "token", &environment(variables));
        pointing
    }

    fn value<'a>(pointing: &'a Pointing, name: &str) -> &'a str {
        &pointing.set.iter().find(|(set, _)| *set == name).unwrap().1
    }

    #[test]
    fn the_proxy_of_before_stands_in_the_users_name() {
        let plain = pointing(&[]);
        assert_eq!(value(&plain, "https_proxy"), "http://gureum:token@127.0.0.1:4566");
        let chained =
            pointing(&[("HTTPS_PROXY", "http://me:pw@proxy.example:3128/"), ("http_proxy", "proxy.example:80")]);
        let user = |name| value(&chained, name).trim_start_matches("http://").split(':').next().unwrap().to_owned();
        assert_eq!(former_proxy(&user("HTTPS_PROXY")), Some(Some("http://me:pw@proxy.example:3128".to_owned())));
        assert_eq!(former_proxy(&user("HTTP_PROXY")), Some(Some("http://proxy.example:80".to_owned())));
    }

    #[test]
    fn a_command_within_a_command_goes_through_the_same_proxy() {
        for before in [&[][..], &[("https_proxy", "http://proxy.example:3128")]] {
            let outer = pointing(before);
            let variables: Vec<(&str, &str)> = outer.set.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(pointing(&variables).set, outer.set);
        }
    }

    #[test]
    fn exemptions_stay_unless_they_hide_aws() {
        let exempt = pointing(&[("NO_PROXY", "corp.example, .amazonaws.com,*.on.aws,com,intranet,localhost")]);
        assert_eq!(value(&exempt, "no_proxy"), "127.0.0.1,localhost,.localhost,::1,corp.example,intranet");
        assert_eq!(exempt.warnings.len(), 3);
        assert!(covers_aws("*") && covers_aws("s3.amazonaws.com:443") && !covers_aws("evil-amazonaws.com"));
    }

    #[test]
    fn a_proxy_that_cannot_be_led_through_is_told_without_its_password() {
        let socks = pointing(&[("ALL_PROXY", "socks5://me:pw@127.0.0.1:1080")]);
        assert!(socks.warnings[0].contains("socks5://127.0.0.1:1080") && !socks.warnings[0].contains("pw"));
    }
}
