//! Ports that the server would listen on, and names that clients would look up.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::time::Duration;

use config::Settings;
use kernel::{Clock, RealClock};

use super::{Finding, Level};
use crate::server::port_holder;
use crate::text::doctor as text;

/// Names that clients use for this machine: AWS SDKs put buckets and APIs before them.
const NAMES: [&str; 3] = ["localhost", "bucket.localhost", "bucket.s3.localhost.localstack.cloud"];
/// A resolver that takes longer is as good as none.
const LOOK_UP_MAX: Duration = Duration::from_secs(2);

/// `server` is the process that answers as our server, if one does.
pub fn ports(settings: &Settings, server: Option<u64>) -> Vec<Finding> {
    settings.listen.iter().map(|address| port(*address, server)).collect()
}

fn port(address: SocketAddr, server: Option<u64>) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok("port", text::port_free(address)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let what = match port_holder(address) {
                Some((pid, _)) if server == Some(pid.into()) => return Finding::ok("port", text::port_ours(address)),
                Some((pid, name)) => text::port_held(address, name, pid),
                None => text::port_held_unknown(address),
            };
            Finding::new(Level::Problem, "port", what, text::port_why(), text::port_fix())
        }
        Err(cause) => {
            let what = text::port_refused(address, cause);
            Finding::new(Level::Problem, "port", what, text::port_why(), text::port_fix())
        }
    }
}

/// Whether each name leads here.
pub async fn names() -> Vec<Finding> {
    let mut found_at = Vec::new();
    for name in NAMES {
        let look_up = tokio::task::spawn_blocking(move || (name, 0u16).to_socket_addrs().map(Iterator::collect));
        let clock: &dyn Clock = &RealClock::default();
        let found: Vec<SocketAddr> = match clock.timeout(LOOK_UP_MAX, look_up).await {
            Ok(Ok(Ok(found))) => found,
            _ => Vec::new(),
        };
        found_at.push((name, found));
    }
    judged(&found_at)
}

/// Names that lead here and names that lead nowhere in one finding each. Whether they are resolved is up to the system, and
/// clients that need them are few; a name that leads elsewhere is worse.
fn judged(names: &[(&str, Vec<SocketAddr>)]) -> Vec<Finding> {
    let (mut here, mut nowhere, mut findings) = (Vec::new(), Vec::new(), Vec::new());
    for (name, found) in names {
        match found.iter().find(|address| !address.ip().is_loopback()) {
            Some(address) => {
                let what = text::name_elsewhere(name, address.ip());
                findings.push(Finding::new(Level::Warning, "names", what, text::names_why(), text::names_fix(name)));
            }
            None if found.is_empty() => nowhere.push(*name),
            None => here.push(*name),
        }
    }
    if !nowhere.is_empty() {
        let (what, fix) = (text::name_unresolved(nowhere.join(", ")), text::names_fix(nowhere.join(" ")));
        findings.insert(0, Finding::new(Level::Note, "names", what, text::names_why(), fix));
    }
    if !here.is_empty() {
        findings.insert(0, Finding::ok("names", text::name_resolves(here.join(", "))));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_free_ours_or_somebody_elses() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = held.local_addr().unwrap();
        let other = port(address, None);
        assert_eq!(other.level, Level::Problem);
        assert!(other.what.contains(&std::process::id().to_string()), "{}", other.what);
        assert_eq!(port(address, Some(std::process::id().into())).level, Level::Ok);
        drop(held);
        assert_eq!(port(address, None).level, Level::Ok);
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_worse_than_one_that_leads_nowhere() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let here = vec![at("127.0.0.1:0"), at("[::1]:0")];
        let found = judged(&[("a", here), ("b", vec![]), ("c", vec![]), ("d", vec![at("10.0.0.1:0")])]);
        assert_eq!(
            found.iter().map(|finding| finding.level).collect::<Vec<_>>(),
            [Level::Ok, Level::Note, Level::Warning]
        );
        assert!(found[1].fix.ends_with("b c"));
    }
}
