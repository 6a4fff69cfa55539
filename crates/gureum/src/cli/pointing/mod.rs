//! What points AWS's clients at the server, whatever they are: variables, and the few files that the variables name.
//!
//! Each kind of client listens to something else: the SDKs of today to AWS_ENDPOINT_URL, Serverless v3 to HTTPS_PROXY,
//! aws-sdk v2 to nothing, so its sockets are turned. Together they also see to it that a command that was meant for this
//! machine does not reach AWS by mistake: the user's own keys and profiles are replaced, not only outranked.

mod files;
mod profiles;
mod proxies;
mod trust;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use auth::sigv4::Credentials;
use config::Environment;
use runtime::bootstraps::TURN_NODEJS;

use super::connection::{Connection, fallback_keys};
use super::{Failure, proxy_token};
use crate::text::pointing as text;
use files::Files;
pub use profiles::write_profile;

/// What a command's environment changes by.
#[derive(Debug, Default)]
pub struct Pointing {
    pub set: Vec<(&'static str, String)>,
    /// Only what is set now.
    pub unset: Vec<String>,
    /// What cannot be had, for a person.
    pub warnings: Vec<String>,
}

/// Variables that would lead a client past us: other ways to credentials, other endpoints.
/// Source: AWS SDKs and Tools Reference Guide, "Environment variables list".
const MISLEADING: [&str; 14] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
];

impl Pointing {
    /// What points a command at the server of `connection` with these keys. Lays the files that the variables name.
    pub fn at(connection: &Connection, environment: &Environment, keys: &Credentials) -> Result<Self, Failure> {
        let files = Files::of(&environment.state_dir());
        let mut pointing = Self::default();
        pointing.name_endpoint(connection, keys);
        let profiles = profiles::lay(&files, environment, keys)?;
        pointing.set("AWS_CONFIG_FILE", profiles.config);
        pointing.set("AWS_SHARED_CREDENTIALS_FILE", profiles.credentials);
        pointing.lead_connections(connection, environment, &files)?;
        if environment.get("SLS_AWS_MONITORING_FREQUENCY").is_none() {
            // Serverless looks after its stack every 5 s unless told otherwise. Units: milliseconds.
            pointing.set("SLS_AWS_MONITORING_FREQUENCY", "500");
        }
        pointing.unset_misleading(environment);
        Ok(pointing)
    }

    fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.set.push((name, value.into()));
    }

    fn name_endpoint(&mut self, connection: &Connection, keys: &Credentials) {
        self.set("AWS_ENDPOINT_URL", &connection.endpoint);
        self.set("AWS_REGION", &connection.region);
        self.set("AWS_DEFAULT_REGION", &connection.region);
        self.set("AWS_ACCESS_KEY_ID", &keys.access_key_id);
        self.set("AWS_SECRET_ACCESS_KEY", &keys.secret_access_key);
        if let Some(token) = &keys.session_token {
            self.set("AWS_SESSION_TOKEN", token);
        }
        self.set("AWS_EC2_METADATA_DISABLED", "true");
        // Names such as `streaming-lambda.…` need not resolve.
        self.set("AWS_DISABLE_HOST_PREFIX_INJECTION", "true");
    }

    /// Trust, proxies and the turning of sockets, for a server of this machine.
    fn lead_connections(
        &mut self,
        connection: &Connection,
        environment: &Environment,
        files: &Files,
    ) -> Result<(), Failure> {
        let Some(address) = loopback_address(&connection.endpoint) else {
            self.warnings.push(text::not_on_this_machine(&connection.endpoint));
            return Ok(());
        };
        let authority = std::fs::read_to_string(environment.state_dir().join("ca.pem"));
        let (Ok(authority), Some(token)) = (authority, proxy_token::stored(&environment.state_dir())) else {
            let folder = environment.state_dir();
            self.warnings.push(text::state_elsewhere(&connection.endpoint, folder.display()));
            return Ok(());
        };
        trust::set(self, &authority, environment, files)?;
        proxies::set(self, address, &token, environment);
        let preload = files.lay("turn", "cjs", TURN_NODEJS)?;
        self.set("GUREUM_TURN", address.to_string());
        self.set("NODE_OPTIONS", node_options(environment.get("NODE_OPTIONS"), &preload));
        Ok(())
    }

    fn unset_misleading(&mut self, environment: &Environment) {
        let is_set = |name: &str| self.set.iter().any(|(set, _)| *set == name);
        let names = environment.names().filter(|name| {
            MISLEADING.contains(name) || name.starts_with("AWS_ENDPOINT_URL_") || *name == "AWS_SESSION_TOKEN"
        });
        self.unset = names.filter(|name| !is_set(name)).map(str::to_owned).collect();
    }
}

/// `AKIA…` and `ASIA…`, as AWS's own are and ours too.
/// Source: IAM User Guide, "IAM identifiers", unique ID prefixes.
fn is_of_aws_form(access_key_id: &str) -> bool {
    access_key_id.len() == 20 && ["AKIA", "ASIA"].iter().any(|prefix| access_key_id.starts_with(prefix))
}

/// The key that a command gets: the environment's, unless it is one of AWS's, which the server is asked about.
/// Errors: no server answers, or it does not take the key.
pub async fn own_keys(connection: &Connection, environment: &Environment) -> Result<Credentials, Failure> {
    let own = &connection.credentials;
    if is_of_aws_form(&own.access_key_id) && !connection.knows(own).await? {
        return Ok(fallback_keys(environment));
    }
    connection.status().await?;
    Ok(own.clone())
}

/// The same without asking: a key that may be one of AWS's is taken for one.
pub fn stored_keys(connection: &Connection, environment: &Environment) -> Credentials {
    let own = &connection.credentials;
    if is_of_aws_form(&own.access_key_id) { fallback_keys(environment) } else { own.clone() }
}

/// The endpoint as an address, if it is on loopback.
fn loopback_address(endpoint: &str) -> Option<SocketAddr> {
    let authority = endpoint.strip_prefix("http://")?.split('/').next()?;
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let with_port = if has_port { authority.to_owned() } else { format!("{authority}:80") };
    if let Ok(address) = with_port.parse::<SocketAddr>() {
        return Some(address).filter(|address| address.ip().is_loopback());
    }
    let (name, port) = with_port.rsplit_once(':')?;
    if name == "localhost" {
        return Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port.parse().ok()?));
    }
    with_port.to_socket_addrs().ok()?.find(|address| address.ip().is_loopback())
}

/// The user's own options with the preload behind them, once.
/// Source: Node.js, "NODE_OPTIONS": values with spaces stand in double quotes, in which a backslash escapes.
fn node_options(own: Option<&str>, preload: &str) -> String {
    let plain = preload.chars().all(|c| !c.is_whitespace() && c != '"' && c != '\\');
    let preload =
        if plain { preload.to_owned() } else { format!("\"{}\"", preload.replace('\\', "\\\\").replace('"', "\\\"")) };
    let option = format!("--require {preload}");
    match own {
        None => option,
        Some(own) if own.contains(&option) => own.to_owned(),
        Some(own) => format!("{own} {option}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_node_options_stay_and_the_preload_is_added_once() {
        let once = node_options(Some("--max-old-space-size=4096"), "/state/turn-1.cjs");
        assert_eq!(once, "--max-old-space-size=4096 --require /state/turn-1.cjs");
        assert_eq!(node_options(Some(&once), "/state/turn-1.cjs"), once);
        assert_eq!(node_options(None, "/내 상태/a\"b.cjs"), "--require \"/내 상태/a\\\"b.cjs\"");
    }

    #[test]
    fn an_endpoint_of_this_machine_is_an_address() {
        let at = |endpoint: &str| loopback_address(endpoint).map(|address| address.to_string());
        assert_eq!(at("http://127.0.0.1:4566").unwrap(), "127.0.0.1:4566");
        assert_eq!(at("http://localhost:4567").unwrap(), "127.0.0.1:4567");
        assert_eq!(at("http://[::1]:4566").unwrap(), "[::1]:4566");
        assert_eq!(at("http://127.0.0.1").unwrap(), "127.0.0.1:80");
        assert_eq!(at("http://192.0.2.1:4566"), None);
        assert_eq!(at("https://127.0.0.1:4566"), None);
    }
}
