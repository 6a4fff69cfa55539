//! LocalStack's variables: what those that mean something here set, and the names of those that do not.
//! Source: LocalStack's documentation, "Configuration options".

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use crate::environment::Environment;
use crate::error::ConfigError;

/// The port that LocalStack listens on when a variable names none.
const PORT: u16 = 4566;

/// Variables that mean something here.
const HONOURED: [&str; 13] = [
    "DEBUG",
    "EAGER_SERVICE_LOADING",
    "EDGE_PORT",
    "EXTRA_CORS_ALLOWED_ORIGINS",
    "GATEWAY_LISTEN",
    "LAMBDA_KEEPALIVE_MS",
    "LAMBDA_LIMITS_CONCURRENT_EXECUTIONS",
    "LOCALSTACK_HOST",
    "LS_LOG",
    "PERSISTENCE",
    "SQS_DELAY_PURGE_RETRY",
    "SQS_DELAY_RECENTLY_DELETED",
    "USE_SSL",
];

/// Variables of LocalStack's documentation that change nothing here. Names that other programs use too (`DEBUG_MODE`,
/// `HOSTNAME`, `DNS_ADDRESS`) are left out: telling that they are ignored would only puzzle.
const IGNORED: [&str; 58] = [
    "ACTIVATE_PRO",
    "ALLOW_NONSTANDARD_REGIONS",
    "AUTO_LOAD_POD",
    "BUCKET_MARKER_LOCAL",
    "CFN_PER_RESOURCE_TIMEOUT",
    "CFN_VERBOSE_ERRORS",
    "DISABLE_CORS_CHECKS",
    "DISABLE_CORS_HEADERS",
    "DISABLE_CUSTOM_CORS_APIGATEWAY",
    "DISABLE_CUSTOM_CORS_S3",
    "DISABLE_EVENTS",
    "DISABLE_TRANSPARENT_ENDPOINT_INJECTION",
    "DYNAMODB_ERROR_PROBABILITY",
    "DYNAMODB_HEAP_SIZE",
    "DYNAMODB_IN_MEMORY",
    "DYNAMODB_SHARE_DB",
    "EDGE_BIND_HOST",
    "EDGE_FORWARD_URL",
    "ENABLE_CONFIG_UPDATES",
    "ENFORCE_IAM",
    "EXTRA_CORS_ALLOWED_HEADERS",
    "EXTRA_CORS_EXPOSE_HEADERS",
    "HOSTNAME_EXTERNAL",
    "IAM_SOFT_MODE",
    "KINESIS_ERROR_PROBABILITY",
    "KINESIS_LATENCY",
    "LAMBDA_DEBUG_MODE",
    "LAMBDA_DOCKER_DNS",
    "LAMBDA_DOCKER_FLAGS",
    "LAMBDA_DOCKER_NETWORK",
    "LAMBDA_DOWNLOAD_AWS_LAYERS",
    "LAMBDA_EXECUTOR",
    "LAMBDA_IGNORE_ARCHITECTURE",
    "LAMBDA_INIT_POST_INVOKE_WAIT_MS",
    "LAMBDA_LIMITS_CODE_SIZE_ZIPPED",
    "LAMBDA_LIMITS_MAX_FUNCTION_PAYLOAD_SIZE_BYTES",
    "LAMBDA_LIMITS_TOTAL_CODE_SIZE",
    "LAMBDA_PREBUILD_IMAGES",
    "LAMBDA_REMOTE_DOCKER",
    "LAMBDA_REMOVE_CONTAINERS",
    "LAMBDA_RETRY_BASE_DELAY_SECONDS",
    "LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT",
    "LAMBDA_RUNTIME_EXECUTOR",
    "LAMBDA_RUNTIME_IMAGE_MAPPING",
    "LAMBDA_SYNCHRONOUS_CREATE",
    "LAMBDA_TRUNCATE_STDOUT",
    "LOG_LICENSE_ISSUES",
    "OVERRIDE_IN_DOCKER",
    "PROVIDER_OVERRIDE_LAMBDA",
    "S3_SKIP_SIGNATURE_VALIDATION",
    "SERVICES",
    "SKIP_SSL_CERT_DOWNLOAD",
    "SNAPSHOT_FLUSH_INTERVAL",
    "SNAPSHOT_LOAD_STRATEGY",
    "SNAPSHOT_SAVE_STRATEGY",
    "SQS_ENDPOINT_STRATEGY",
    "STEPFUNCTIONS_LAMBDA_ENDPOINT",
    "STRICT_SERVICE_LOADING",
];

/// Variables of LocalStack's clients (awslocal, tflocal, SDK wrappers) and of its installer: no setting of a server.
const OF_CLIENTS: [&str; 3] = ["LOCALSTACK_HOSTNAME", "LOCALSTACK_VOLUME_DIR", "LOCALSTACK_DOCKER_NAME"];

/// What LocalStack's variables ask of `gureum up`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LocalStack {
    /// `GATEWAY_LISTEN`, else `EDGE_PORT` on 127.0.0.1.
    #[serde(skip)]
    pub listen: Vec<SocketAddr>,
    /// `LOCALSTACK_HOST` without its port.
    #[serde(skip)]
    pub host: Option<String>,
    /// `LOCALSTACK_HOST` with a port: how addresses end that are handed out.
    #[serde(skip)]
    pub url_suffix: Option<String>,
    /// `PERSISTENCE`, where it is set: false keeps nothing.
    #[serde(skip)]
    pub persistence: Option<bool>,
    /// `LS_LOG`, else `DEBUG`.
    #[serde(skip)]
    pub log: Option<&'static str>,
    /// `LAMBDA_KEEPALIVE_MS`.
    #[serde(skip)]
    pub keep_alive: Option<Duration>,
    /// `LAMBDA_LIMITS_CONCURRENT_EXECUTIONS`.
    #[serde(skip)]
    pub account_concurrency: Option<u32>,
    /// `EXTRA_CORS_ALLOWED_ORIGINS`.
    #[serde(skip)]
    pub cors_origins: Vec<String>,
    /// `EAGER_SERVICE_LOADING`: services say `running` before their first call.
    #[serde(skip)]
    pub eager: bool,
    /// `SQS_DELAY_PURGE_RETRY`: false lets a queue be purged as often as one likes.
    #[serde(skip)]
    pub purge_pause: Option<bool>,
    /// `SQS_DELAY_RECENTLY_DELETED`: false frees the name of a deleted queue at once.
    #[serde(skip)]
    pub deleted_queue_pause: Option<bool>,
    /// Names of the variables that are set and mean something.
    pub honoured: Vec<String>,
    /// Names of those that are set and do not.
    pub ignored: Vec<String>,
}

impl LocalStack {
    /// Shape: every variable is read with and without the prefix `LOCALSTACK_`; the one without it wins.
    /// Errors: an address or a number that is none.
    pub fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let (honoured, ignored) = sort(environment);
        let flag = |name| value(environment, name).and_then(truth);
        let wrong = |name: &'static str, value: &str| ConfigError::Variable { name, value: value.to_owned() };
        let number = |name: &'static str| {
            value(environment, name).map(|text| text.parse::<u32>().map_err(|_| wrong(name, text))).transpose()
        };
        let listen = match (value(environment, "GATEWAY_LISTEN"), value(environment, "EDGE_PORT")) {
            (Some(list), _) => list
                .split(',')
                .map(|text| address(text.trim()).ok_or_else(|| wrong("GATEWAY_LISTEN", list)))
                .collect::<Result<_, _>>()?,
            (None, Some(port)) => {
                let port = port.parse().map_err(|_| wrong("EDGE_PORT", port))?;
                vec![SocketAddr::from(([127, 0, 0, 1], port))]
            }
            (None, None) => Vec::new(),
        };
        let named = environment.get("LOCALSTACK_HOST").filter(|host| !host.is_empty());
        let host = named.map(|host| host.split(':').next().unwrap_or(host));
        let url_suffix = named.map(|host| if host.contains(':') { host.to_owned() } else { format!("{host}:{PORT}") });
        let origins = value(environment, "EXTRA_CORS_ALLOWED_ORIGINS").unwrap_or_default();
        Ok(Self {
            listen,
            host: host.filter(|host| !host.is_empty()).map(str::to_owned),
            url_suffix,
            persistence: flag("PERSISTENCE"),
            log: value(environment, "LS_LOG")
                .and_then(level)
                .or_else(|| flag("DEBUG").filter(|debug| *debug).map(|_| "info")),
            keep_alive: number("LAMBDA_KEEPALIVE_MS")?.map(|ms| Duration::from_millis(ms.into())),
            account_concurrency: number("LAMBDA_LIMITS_CONCURRENT_EXECUTIONS")?,
            cors_origins: origins.split(',').map(str::trim).filter(|o| !o.is_empty()).map(str::to_owned).collect(),
            eager: flag("EAGER_SERVICE_LOADING").unwrap_or(false),
            purge_pause: flag("SQS_DELAY_PURGE_RETRY"),
            deleted_queue_pause: flag("SQS_DELAY_RECENTLY_DELETED"),
            honoured,
            ignored,
        })
    }
}

/// The names that are set: those that mean something here, and those that do not.
fn sort(environment: &Environment) -> (Vec<String>, Vec<String>) {
    let (mut honoured, mut ignored) = (Vec::new(), Vec::new());
    for name in environment.names() {
        let bare = name.strip_prefix("LOCALSTACK_").unwrap_or(name);
        if OF_CLIENTS.contains(&name) {
        } else if name == "LOCALSTACK_HOST" || (bare != "HOST" && HONOURED.contains(&bare)) {
            honoured.push(name.to_owned());
        } else if IGNORED.contains(&bare) || bare != name {
            ignored.push(name.to_owned());
        }
    }
    (honoured, ignored)
}

fn value<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    environment.get(name).or_else(|| environment.get(&format!("LOCALSTACK_{name}")))
}

fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

/// `LS_LOG`'s words as ours.
fn level(value: &str) -> Option<&'static str> {
    match value.to_ascii_lowercase().as_str() {
        "trace" | "trace-internal" => Some("trace"),
        "debug" => Some("debug"),
        "info" => Some("info"),
        "warn" | "warning" => Some("warn"),
        "error" => Some("error"),
        _ => None,
    }
}

/// `ip:port`, and what LocalStack also takes: `localhost:port`, `:port`, `ip`.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (text, PORT),
    };
    let host = if host.is_empty() || host == "localhost" { "127.0.0.1" } else { host };
    Some(SocketAddr::new(host.trim_matches(['[', ']']).parse().ok()?, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<LocalStack, ConfigError> {
        LocalStack::read(&Environment::of(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))))
    }

    #[test]
    fn an_address_may_leave_out_host_or_port() {
        let listen = |text| read(&[("GATEWAY_LISTEN", text)]).map(|found| found.listen);
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(listen("0.0.0.0:4566,127.0.0.1:443").unwrap(), [at("0.0.0.0:4566"), at("127.0.0.1:443")]);
        assert_eq!(listen(":4510").unwrap(), [at("127.0.0.1:4510")]);
        assert_eq!(listen("127.0.0.2").unwrap(), [at("127.0.0.2:4566")]);
        assert_eq!(listen("[::1]:4510").unwrap(), [at("[::1]:4510")]);
        assert!(listen("here:there").unwrap_err().to_string().contains("GATEWAY_LISTEN"));
        assert_eq!(read(&[("EDGE_PORT", "4510")]).unwrap().listen, [at("127.0.0.1:4510")]);
    }

    #[test]
    fn names_count_with_and_without_their_prefix() {
        let found = read(&[
            ("LOCALSTACK_PERSISTENCE", "0"),
            ("LOCALSTACK_HOST", "aws.test:4566"),
            ("LAMBDA_KEEPALIVE_MS", "0"),
            ("LOCALSTACK_AUTH_TOKEN", "secret"),
            ("LAMBDA_EXECUTOR", "docker"),
            ("LOCALSTACK_HOSTNAME", "localhost"),
            ("HOST", "mine"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!((found.persistence, found.keep_alive), (Some(false), Some(Duration::ZERO)));
        assert_eq!((found.host.as_deref(), found.url_suffix.as_deref()), (Some("aws.test"), Some("aws.test:4566")));
        assert_eq!(found.honoured, ["LAMBDA_KEEPALIVE_MS", "LOCALSTACK_HOST", "LOCALSTACK_PERSISTENCE"]);
        assert_eq!(found.ignored, ["LAMBDA_EXECUTOR", "LOCALSTACK_AUTH_TOKEN"]);
    }

    #[test]
    fn a_log_level_is_asked_for_in_two_ways() {
        assert_eq!(read(&[("DEBUG", "1")]).unwrap().log, Some("info"));
        assert_eq!(read(&[("DEBUG", "express:*")]).unwrap().log, None);
        assert_eq!(read(&[("DEBUG", "1"), ("LS_LOG", "trace")]).unwrap().log, Some("trace"));
    }

    #[test]
    fn the_lists_are_sorted_and_apart() {
        assert!(HONOURED.is_sorted() && IGNORED.is_sorted());
        assert!(HONOURED.iter().all(|name| !IGNORED.contains(name)));
    }
}
