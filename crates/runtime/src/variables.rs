//! The environment variables that a function sees.
//!
//! Source: the recorded answers of functions that return their environment; Lambda Developer Guide, "Working with Lambda
//! environment variables" (which are reserved, and which a function may set otherwise).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::contract::{Credentials, FunctionSpec};
use crate::runtimes::Family;

/// What differs from environment to environment of one function.
pub struct Circumstances<'a> {
    pub family: &'a Family,
    pub log_stream: &'a str,
    pub runtime_api: SocketAddr,
    pub credentials: Option<&'a Credentials>,
    /// The environment's own way to the AWS APIs.
    pub doorway: Option<SocketAddr>,
}

/// Defaults that a function may override, then its own variables, then what only the platform sets.
pub fn environment(spec: &FunctionSpec, around: &Circumstances<'_>) -> Vec<(String, String)> {
    let mut all = defaults(around);
    all.extend(spec.environment.clone());
    all.extend(platform(spec, around));
    all.into_iter().collect()
}

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
    if let Some(doorway) = around.doorway {
        all.insert("AWS_ENDPOINT_URL".to_owned(), format!("http://{doorway}"));
    }
    match around.family {
        Family::Nodejs { major } => {
            all.extend(owned(&[("PWD", "/var/task"), ("SHLVL", "0")]));
            all.insert(
                "NODE_PATH".to_owned(),
                format!(
                    "/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:\
                     /var/runtime:/var/task"
                ),
            );
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

fn platform(spec: &FunctionSpec, around: &Circumstances<'_>) -> BTreeMap<String, String> {
    let memory = spec.memory_mb.to_string();
    let runtime_api = around.runtime_api.to_string();
    let mut all = owned(&[
        ("AWS_DEFAULT_REGION", spec.region.as_str()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_NAME", &spec.function_name),
        ("AWS_LAMBDA_FUNCTION_VERSION", &spec.version),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
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
    use kernel::{AccountId, Region};

    fn seen(runtime: &str, own: &[(&str, &str)]) -> BTreeMap<String, String> {
        let spec = FunctionSpec {
            function_arn: "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST".into(),
            generation: "1".into(),
            account: AccountId::default(),
            region: Region::default(),
            function_name: "f".into(),
            version: "$LATEST".into(),
            runtime: runtime.into(),
            handler: "index.handler".into(),
            code_dir: "/code".into(),
            layers: Vec::new(),
            ephemeral_storage_mb: 512,
            memory_mb: 1024,
            timeout: std::time::Duration::from_secs(3),
            environment: owned(own),
            log_group: "/aws/lambda/f".into(),
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
            tracing_mode: "PassThrough".into(),
        };
        let around = Circumstances {
            family: &Family::parse(runtime).unwrap(),
            log_stream: "2026/01/01/[$LATEST]0",
            runtime_api: "127.0.0.1:9001".parse().unwrap(),
            credentials: None,
            doorway: None,
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
    }
}
