//! Functions' logs: in order, in batches, to groups and streams that are made on demand.

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_logs::types::*;
use kernel::{AccountId, CallerKind, Cx, Region, Timestamp};
use runtime::{CredentialSource, FunctionSpec, LogLine, LogSink};
use service_lambda::{LogsSink, RoleCredentials};
use wire::ApiError;
use world::*;

#[derive(Default)]
struct FakeLogs {
    made: Mutex<BTreeSet<String>>,
    lines: Mutex<BTreeMap<String, Vec<String>>>,
    batches: Mutex<usize>,
}

impl api_logs::Logs for FakeLogs {
    async fn create_log_group(&self, _: &Cx, input: CreateLogGroupRequest) -> Result<CreateLogGroupResponse, ApiError> {
        self.make(input.log_group_name).map(|()| CreateLogGroupResponse {})
    }

    async fn create_log_stream(
        &self,
        _: &Cx,
        input: CreateLogStreamRequest,
    ) -> Result<CreateLogStreamResponse, ApiError> {
        self.make(format!("{}:{}", input.log_group_name, input.log_stream_name)).map(|()| CreateLogStreamResponse {})
    }

    async fn put_log_events(&self, cx: &Cx, input: PutLogEventsRequest) -> Result<PutLogEventsResponse, ApiError> {
        assert_eq!((cx.caller.kind, cx.caller.arn.as_str()), (CallerKind::Service, "lambda.amazonaws.com"));
        let name = format!("{}:{}", input.log_group_name, input.log_stream_name);
        if !self.made.lock().unwrap().contains(&name) {
            return Err(api_logs::errors::resource_not_found_exception("The specified log group does not exist."));
        }
        *self.batches.lock().unwrap() += 1;
        tokio::task::yield_now().await;
        let bytes: usize = input.log_events.iter().map(|event| event.message.len() + 26).sum();
        assert!(bytes <= 1_048_576 && input.log_events.len() <= 10_000);
        self.lines.lock().unwrap().entry(name).or_default().extend(input.log_events.into_iter().map(|e| e.message));
        Ok(PutLogEventsResponse::default())
    }
}

impl FakeLogs {
    fn make(&self, name: String) -> Result<(), ApiError> {
        let made = self.made.lock().unwrap().insert(name);
        if made { Ok(()) } else { Err(api_logs::errors::resource_already_exists_exception("exists")) }
    }
}

fn spec(group: &str) -> FunctionSpec {
    FunctionSpec {
        function_arn: "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST".to_owned(),
        generation: "1".to_owned(),
        account: AccountId::default(),
        region: Region::default(),
        function_name: "f".to_owned(),
        version: "$LATEST".to_owned(),
        runtime: "nodejs20.x".to_owned(),
        handler: "index.handler".to_owned(),
        code_dir: "/nowhere".into(),
        layers: Vec::new(),
        ephemeral_storage_mb: 512,
        memory_mb: 128,
        timeout: Duration::from_secs(3),
        environment: BTreeMap::new(),
        log_group: group.to_owned(),
        log_format: runtime::LogFormat::Text,
        role_arn: ROLE.to_owned(),
        tracing_mode: "PassThrough".to_owned(),
    }
}

fn line(message: impl Into<String>) -> LogLine {
    LogLine { at: Timestamp::from_secs(1), message: message.into() }
}

fn sink() -> (LogsSink, Arc<FakeLogs>) {
    let (logs, client) = (Arc::new(FakeLogs::default()), api_logs::Client::default());
    client.bind(logs.clone());
    (LogsSink::new(client, Arc::new(FakePrincipals)), logs)
}

#[tokio::test]
async fn lines_of_many_streams_come_whole_and_in_order() {
    let (sink, logs) = sink();
    for n in 0..300 {
        for stream in ["a", "b", "c"] {
            sink.write(&spec("/aws/lambda/f"), stream, vec![line(format!("{n}")), line(format!("{n}+"))]);
        }
    }
    sink.flush().await;
    let expected: Vec<String> = (0..300).flat_map(|n| [format!("{n}"), format!("{n}+")]).collect();
    let lines = logs.lines.lock().unwrap();
    for stream in ["a", "b", "c"] {
        assert_eq!(lines[&format!("/aws/lambda/f:{stream}")], expected);
    }
    assert!(*logs.batches.lock().unwrap() < 30, "what waits is written together");
}

#[tokio::test]
async fn batches_and_events_keep_within_what_logs_takes() {
    let (sink, logs) = sink();
    let long = "é".repeat(700_000);
    sink.write(&spec("g"), "s", vec![line(""), line(long.clone()), line("x".repeat(600_000)), line("end")]);
    sink.flush().await;
    let lines = logs.lines.lock().unwrap();
    let lengths: Vec<usize> = lines["g:s"].iter().map(String::len).collect();
    assert_eq!(lengths, [1, 1_048_550, 600_000, 3]);
    sink.write(&spec("g"), "s", Vec::new());
}

#[tokio::test]
async fn flushing_nothing_returns() {
    sink().0.flush().await;
}

#[tokio::test]
async fn flushing_waits_for_what_came_before_and_for_no_more() {
    let (sink, logs) = sink();
    sink.write(&spec("g"), "mine", vec![line("1"), line("2")]);
    let other = sink.clone();
    let busy = tokio::spawn(async move {
        loop {
            other.write(&spec("g"), "other", vec![line("x")]);
            tokio::task::yield_now().await;
        }
    });
    sink.flush().await;
    assert_eq!(logs.lines.lock().unwrap()["g:mine"], ["1", "2"]);
    busy.abort();
}

struct FakeSts;

impl api_sts::Sts for FakeSts {
    async fn assume_role(
        &self,
        cx: &Cx,
        input: api_sts::types::AssumeRoleRequest,
    ) -> Result<api_sts::types::AssumeRoleResponse, ApiError> {
        assert_eq!(cx.caller.arn, "lambda.amazonaws.com");
        if input.role_arn != ROLE {
            return Err(ApiError::unmodeled(403, "AccessDenied", "no"));
        }
        let credentials = api_sts::types::Credentials {
            access_key_id: format!("ASIA-{}", input.role_session_name),
            ..api_sts::types::Credentials::default()
        };
        Ok(api_sts::types::AssumeRoleResponse { credentials: Some(credentials), ..Default::default() })
    }
}

#[tokio::test]
async fn a_function_gets_the_credentials_of_its_role() {
    let sts = api_sts::Client::default();
    let source = RoleCredentials::new(sts.clone(), Arc::new(FakePrincipals));
    assert!(source.credentials(&spec("g")).await.is_none(), "nothing serves STS");
    sts.bind(Arc::new(FakeSts));
    assert_eq!(source.credentials(&spec("g")).await.unwrap().access_key_id, "ASIA-f@lambda_function");
    let stranger = FunctionSpec { role_arn: "arn:aws:iam::000000000000:role/x".to_owned(), ..spec("g") };
    assert!(source.credentials(&stranger).await.is_none());
}
