//! The environment variables that a function sees.
//!
//! Source: the recorded answers of functions that return their environment; Lambda Developer Guide, "Working with Lambda
//! environment variables" (which are reserved, and which a function may set otherwise).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::contract::{Credentials, Doorway, FunctionSpec, Initialization, LogFormat};
use crate::runtimes::Family;

/// What differs from environment to environment of one function.
pub struct Circumstances<'a> {
    pub family: &'a Family,
    pub initialization: Initialization,
    pub log_stream: &'a str,
    pub runtime_api: SocketAddr,
    pub credentials: Option<&'a Credentials>,
    /// The environment's own way to the AWS APIs.
    pub doorway: Option<&'a Doorway>,
    /// Whether every program of the environment finds the doorway under AWS's names, by a resolver of its own.
    pub names_resolve: bool,
    /// Whether the variables are set by which code written for LocalStack finds it.
    pub localstack: bool,
    /// The function's layers where it sees real paths and no /opt.
    pub plain_layers: &'a [PathBuf],
}

/// Where code written for LocalStack finds it: a name that is led to the doorway as AWS's are, and LocalStack's port.
/// Source: LocalStack's documentation, "Lambda", "Special tools" (`LOCALSTACK_HOSTNAME`, `EDGE_PORT`) and "Transparent
/// endpoint injection" (`AWS_ENDPOINT_URL`).
const LOCALSTACK: (&str, u16) = ("localhost.localstack.cloud", 4566);

/// Defaults that a function may override, then its own variables, then what only the platform sets.
pub fn environment(spec: &FunctionSpec, around: &Circumstances<'_>) -> Vec<(String, String)> {
    let mut all = defaults(around);
    if spec.runtime == "provided.al2" {
        all.extend(owned(&AMAZON_LINUX_2));
    }
    all.extend(spec.environment.clone());
    all.extend(platform(spec, around));
    all.extend(for_bootstraps(around));
    for name in ["LD_LIBRARY_PATH", "NODE_PATH", "PATH"] {
        if let Some(value) = all.get_mut(name) {
            *value = with_layers(value, around.plain_layers);
        }
    }
    all.into_iter().collect()
}

/// A search path whose places in /opt are looked for in every layer, the last one first.
fn with_layers(path: &str, layers: &[PathBuf]) -> String {
    let mut places = Vec::new();
    for place in path.split(':') {
        if let Some(below) = place.strip_prefix("/opt/") {
            places.extend(layers.iter().rev().map(|layer| layer.join(below).display().to_string()));
        }
        places.push(place.to_owned());
    }
    places.join(":")
}

/// What the older custom runtime has otherwise. Source: its recorded answer.
const AMAZON_LINUX_2: [(&str, &str); 4] = [
    ("AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129:2000"),
    ("_AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129"),
    ("LD_LIBRARY_PATH", "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"),
    ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
];

fn defaults(around: &Circumstances<'_>) -> BTreeMap<String, String> {
    let mut all = owned(&[
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
        ("AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1:2000"),
        ("_AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1"),
        ("_AWS_XRAY_DAEMON_PORT", "2000"),
        ("LANG", "en_US.UTF-8"),
        (
            "LD_LIBRARY_PATH",
            "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
        ),
        ("PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
        ("TZ", ":UTC"),
    ]);
    all.extend(endpoint(around));
    match around.family {
        Family::Nodejs { major } => {
            all.extend(owned(&[("PWD", "/var/task"), ("SHLVL", "0")]));
            all.insert("NODE_PATH".to_owned(), node_path(*major));
        }
        Family::Python { minor } => {
            all.extend(owned(&[("PWD", "/var/task"), ("SHLVL", "0"), ("PYTHONPATH", "/var/runtime")]));
            // From 3.12 on AWS's image has no en_US locale, and Python itself sets this there.
            if *minor >= 12 {
                all.insert("LC_CTYPE".to_owned(), "C.UTF-8".to_owned());
            }
        }
        Family::Provided => {}
    }
    all
}

/// What tells an SDK where the platform is. AWS sets nothing of the kind, and AWS's own names lead here: only a program
/// that they do not lead here for is told, and one that was written for LocalStack and asks for it.
fn endpoint(around: &Circumstances<'_>) -> BTreeMap<String, String> {
    let Some(doorway) = around.doorway else { return BTreeMap::new() };
    let is_turned = around.names_resolve || *around.family != Family::Provided;
    let (host, port) = match is_turned {
        true => (LOCALSTACK.0.to_owned(), LOCALSTACK.1),
        false => (doorway.address.ip().to_string(), doorway.address.port()),
    };
    let mut all = BTreeMap::new();
    if around.localstack || !is_turned {
        all.insert("AWS_ENDPOINT_URL".to_owned(), format!("http://{host}:{port}"));
    }
    if around.localstack {
        all.insert("LOCALSTACK_HOSTNAME".to_owned(), host);
        all.insert("EDGE_PORT".to_owned(), port.to_string());
    }
    all
}

/// What the bootstraps take out again before any code of the function runs.
fn for_bootstraps(around: &Circumstances<'_>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    if matches!(around.family, Family::Python { .. }) && !around.plain_layers.is_empty() {
        let layers: Vec<String> = around.plain_layers.iter().rev().map(|layer| layer.display().to_string()).collect();
        all.insert("GUREUM_LAYERS".to_owned(), layers.join(":"));
    }
    if let Some(doorway) = around.doorway.filter(|_| *around.family != Family::Provided) {
        all.insert("GUREUM_TURN".to_owned(), doorway.address.to_string());
        all.extend(doorway.authority.as_ref().map(|authority| ("GUREUM_CA".to_owned(), authority.to_string())));
    }
    all
}

/// Layers came with nodejs8.10.
fn node_path(major: u32) -> String {
    let own = "/var/runtime/node_modules:/var/runtime:/var/task";
    if major < 8 {
        return own.to_owned();
    }
    format!("/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:{own}")
}

fn platform(spec: &FunctionSpec, around: &Circumstances<'_>) -> BTreeMap<String, String> {
    let memory = spec.memory_mb.to_string();
    let runtime_api = around.runtime_api.to_string();
    let mut all = owned(&[
        ("AWS_DEFAULT_REGION", spec.region.as_str()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_NAME", &spec.function_name),
        ("AWS_LAMBDA_FUNCTION_VERSION", &spec.version),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", around.initialization.as_str()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &spec.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", around.log_stream),
        ("AWS_LAMBDA_RUNTIME_API", &runtime_api),
        ("AWS_REGION", spec.region.as_str()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("_HANDLER", &spec.handler),
    ]);
    if *around.family != Family::Provided {
        all.insert("AWS_EXECUTION_ENV".to_owned(), format!("AWS_Lambda_{}", spec.runtime));
        all.insert("_LAMBDA_TELEMETRY_LOG_FD".to_owned(), "5".to_owned());
    }
    if let LogFormat::Json { application, .. } = spec.log_format {
        all.extend(owned(&[("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", application.as_str())]));
    }
    if let Some(credentials) = around.credentials {
        all.extend(owned(&[
            ("AWS_ACCESS_KEY_ID", &credentials.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key),
            ("AWS_SESSION_TOKEN", &credentials.session_token),
        ]));
    }
    all
}

fn owned(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(runtime: &str, own: &[(&str, &str)]) -> BTreeMap<String, String> {
        seen_around(runtime, own, None, false, false)
    }

    fn seen_around(
        runtime: &str,
        own: &[(&str, &str)],
        doorway: Option<&str>,
        names_resolve: bool,
        localstack: bool,
    ) -> BTreeMap<String, String> {
        let doorway = doorway.map(|address| Doorway {
            address: address.parse().unwrap(),
            authority: Some("PEM".into()),
            guard: Box::new(()),
        });
        let spec = FunctionSpec { environment: owned(own), ..crate::contract::test_spec(runtime) };
        let around = Circumstances {
            family: &crate::runtimes::find_runtime(runtime).unwrap().family,
            initialization: Initialization::OnDemand,
            log_stream: "2026/01/01/[$LATEST]0",
            runtime_api: "127.0.0.1:9001".parse().unwrap(),
            credentials: None,
            doorway: doorway.as_ref(),
            names_resolve,
            localstack,
            plain_layers: &[],
        };
        environment(&spec, &around).into_iter().collect()
    }

    #[test]
    fn a_function_overrides_defaults_but_nothing_of_the_platform() {
        let all = seen("nodejs20.x", &[("TZ", "Asia/Seoul"), ("AWS_REGION", "moon"), ("A_B", "1")]);
        assert_eq!(all["TZ"], "Asia/Seoul");
        assert_eq!(all["AWS_REGION"], "us-east-1");
        assert_eq!(all["A_B"], "1");
    }

    #[test]
    fn the_names_are_those_that_aws_gives() {
        let names = |runtime| seen(runtime, &[]).into_keys().filter(|n| !n.starts_with("_LAMBDA")).count();
        // Recorded: 29 names for Node, of which credentials (3), TEST_KEY and _X_AMZN_TRACE_ID are not set here.
        assert_eq!(names("nodejs20.x"), 24);
        assert_eq!(names("python3.11"), 24);
        assert_eq!(names("python3.12"), 25);
        assert_eq!(names("provided.al2023"), 20);
        assert_eq!(names("provided.al2"), 20);
    }

    #[test]
    fn the_older_custom_runtime_looks_for_nothing_of_a_language() {
        let all = seen("provided.al2", &[]);
        assert_eq!(all["AWS_XRAY_DAEMON_ADDRESS"], "169.254.79.129:2000");
        assert!(!all["PATH"].contains("/var/lang") && !all["LD_LIBRARY_PATH"].contains("/var/lang"));
    }

    #[test]
    fn only_a_program_that_aws_names_do_not_lead_here_for_is_told_where_the_platform_is() {
        let told = |runtime, names_resolve, localstack| {
            let mut all = seen_around(runtime, &[], Some("127.0.0.1:7"), names_resolve, localstack);
            all.retain(|name, _| ["AWS_ENDPOINT_URL", "LOCALSTACK_HOSTNAME", "EDGE_PORT"].contains(&name.as_str()));
            all.into_values().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told("nodejs20.x", false, false), "");
        assert_eq!(told("python3.11", true, false), "");
        assert_eq!(told("provided.al2023", true, false), "");
        assert_eq!(told("provided.al2023", false, false), "http://127.0.0.1:7");
        assert_eq!(told("provided.al2023", false, true), "http://127.0.0.1:7 7 127.0.0.1");
        let by_name = "http://localhost.localstack.cloud:4566 4566 localhost.localstack.cloud";
        assert_eq!(told("nodejs20.x", false, true), by_name);
        assert_eq!(told("provided.al2023", true, true), by_name);
    }

    #[test]
    fn a_plain_process_looks_for_opt_in_its_layers() {
        let layers = ["/code/a".into(), "/code/b".into()];
        assert_eq!(with_layers("/bin:/opt/bin", &layers), "/bin:/code/b/bin:/code/a/bin:/opt/bin");
        assert_eq!(with_layers("/bin:/opt/bin", &[]), "/bin:/opt/bin");
    }

    #[test]
    fn bootstraps_are_told_the_doorway_and_its_authority() {
        let all = seen_around("python3.11", &[("GUREUM_TURN", "mine")], Some("127.0.0.1:7"), false, false);
        assert_eq!((all["GUREUM_TURN"].as_str(), all["GUREUM_CA"].as_str()), ("127.0.0.1:7", "PEM"));
        assert!(!seen_around("provided", &[], Some("127.0.0.1:7"), false, false).contains_key("GUREUM_TURN"));
    }
}
