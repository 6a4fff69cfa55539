//! Where AWS clients that are started from this shell would go.

use std::path::Path;

use config::Environment;

use super::{Finding, Level};
use crate::text::doctor as text;

/// Length of an access key id of AWS. Source: IAM API Reference, AccessKey.
const KEY_ID_LENGTH: usize = 20;

/// Proxies that AWS clients and curl obey, in the order in which they ask.
const PROXIES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Whether calls for this machine would go to a proxy.
pub fn proxy(environment: &Environment) -> Finding {
    let Some((variable, address)) = PROXIES.iter().find_map(|name| Some((*name, environment.get(name)?))) else {
        return Finding::ok("proxy", text::proxy_ok());
    };
    let spared = ["NO_PROXY", "no_proxy"].iter().filter_map(|name| environment.get(name)).any(spares);
    if spared || is_local(address) {
        return Finding::ok("proxy", text::proxy_spared(variable));
    }
    let (why, fix) = (text::proxy_why(), text::proxy_fix());
    Finding::new(Level::Warning, "proxy", text::proxy_between(variable), why, fix)
}

fn spares(list: &str) -> bool {
    list.split(',').map(str::trim).any(|name| name == "*" || name == "localhost" || name.starts_with("127."))
}

/// Whether AWS clients in this shell come here, and if not, with what they would reach AWS.
pub fn target(environment: &Environment, home: &Path) -> Vec<Finding> {
    let mut findings = elsewhere(environment);
    match environment.get("AWS_ENDPOINT_URL") {
        Some(address) if is_local(address) => {
            if findings.is_empty() {
                findings.push(Finding::ok("target", text::points_here()));
            }
        }
        Some(address) => findings.push(warning(text::points_elsewhere("AWS_ENDPOINT_URL", address))),
        None => match credentials(environment, home) {
            Some(what) => findings.push(warning(text::points_to_aws(what))),
            None if findings.is_empty() => findings.push(Finding::ok("target", text::points_nowhere())),
            None => {}
        },
    }
    findings
}

fn warning(what: String) -> Finding {
    Finding::new(Level::Warning, "target", what, text::points_why(), text::points_fix())
}

/// `AWS_ENDPOINT_URL_SQS` and its kin beat `AWS_ENDPOINT_URL`.
fn elsewhere(environment: &Environment) -> Vec<Finding> {
    let of_service = environment.names().filter(|name| name.starts_with("AWS_ENDPOINT_URL_"));
    let found = of_service.filter_map(|name| Some((name, environment.get(name)?)));
    found
        .filter(|(_, address)| !is_local(address))
        .map(|(name, at)| warning(text::points_elsewhere(name, at)))
        .collect()
}

/// With what a client without an endpoint would be let in by AWS. No key itself is ever shown.
fn credentials(environment: &Environment, home: &Path) -> Option<String> {
    if environment.get("AWS_ACCESS_KEY_ID").is_some_and(looks_real) {
        return Some(text::real_keys("AWS_ACCESS_KEY_ID"));
    }
    if environment.get("AWS_ACCESS_KEY_ID").is_some() {
        return None;
    }
    if let Some(profile) = environment.get("AWS_PROFILE") {
        return Some(text::profile_set(profile));
    }
    let default = home.join(".aws/credentials");
    let path = environment.get("AWS_SHARED_CREDENTIALS_FILE").map_or(default, Into::into);
    let lines = std::fs::read_to_string(&path).unwrap_or_default();
    let real = lines
        .lines()
        .filter_map(|line| line.split_once('='))
        .any(|(name, value)| name.trim() == "aws_access_key_id" && looks_real(value.trim()));
    real.then(|| text::profile_file(path.display()))
}

fn looks_real(key: &str) -> bool {
    key.len() == KEY_ID_LENGTH && (key.starts_with("AKIA") || key.starts_with("ASIA"))
}

/// Whether an address means this machine.
fn is_local(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "localhost.localstack.cloud"
        || host.ends_with(".localhost.localstack.cloud")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::of(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    fn target_of(variables: &[(&str, &str)]) -> Vec<Level> {
        let home = tempfile::tempdir().unwrap();
        target(&environment(variables), home.path()).iter().map(|finding| finding.level).collect()
    }

    const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

    #[test]
    fn a_shell_that_would_reach_aws_is_told_and_no_key_is_shown() {
        assert_eq!(target_of(&[]), [Level::Ok]);
        assert_eq!(
            target_of(&[("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"), ("AWS_ACCESS_KEY_ID", KEY)]),
            [Level::Ok]
        );
        assert_eq!(target_of(&[("AWS_ACCESS_KEY_ID", KEY)]), [Level::Warning]);
        assert_eq!(target_of(&[("AWS_ACCESS_KEY_ID", "test")]), [Level::Ok]);
        assert_eq!(target_of(&[("AWS_PROFILE", "work")]), [Level::Warning]);
        assert_eq!(target_of(&[("AWS_ENDPOINT_URL", "https://sqs.us-east-1.amazonaws.com")]), [Level::Warning]);
        let beaten =
            [("AWS_ENDPOINT_URL", "http://localhost:4566"), ("AWS_ENDPOINT_URL_S3", "https://s3.amazonaws.com")];
        assert_eq!(target_of(&beaten), [Level::Warning]);
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        std::fs::write(home.path().join(".aws/credentials"), format!("[default]\naws_access_key_id = {KEY}\n"))
            .unwrap();
        let found = target(&environment(&[]), home.path());
        assert_eq!(found[0].level, Level::Warning);
        assert!(found[0].what.contains(".aws/credentials") && !found[0].what.contains(KEY));
    }

    #[test]
    fn a_proxy_that_would_take_our_calls_is_told() {
        let level = |variables: &[(&str, &str)]| proxy(&environment(variables)).level;
        assert_eq!(level(&[]), Level::Ok);
        assert_eq!(level(&[("https_proxy", "http://proxy.corp:3128")]), Level::Warning);
        assert_eq!(level(&[("HTTP_PROXY", "http://proxy.corp:3128"), ("NO_PROXY", "10.0.0.1, localhost")]), Level::Ok);
        assert_eq!(level(&[("HTTPS_PROXY", "http://aws:x@127.0.0.1:4566")]), Level::Ok);
    }

    #[test]
    fn an_address_is_local_by_its_host() {
        for local in
            ["http://localhost:4566", "https://s3.localhost.localstack.cloud:4566", "http://[::1]:80/x", "127.0.0.1:1"]
        {
            assert!(is_local(local), "{local}");
        }
        for other in ["http://localhost.evil.com", "https://10.0.0.1:4566", "http://127.0.0.1.nip.io", ""] {
            assert!(!is_local(other), "{other}");
        }
    }
}
