use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{World, ordered};

#[tokio::test]
async fn a_handler_is_cold_once_and_then_warm() {
    let world = World::new();
    let spec = world.nodejs("exports.handler = async (event) => { console.info(event); return event; };");
    let cold = world.invoke(&spec, r#"{"id":"1","name":"Luna"}"#).await;
    let warm = world.invoke(&spec, r#"{"id":"2"}"#).await;
    assert_eq!(cold.text(), r#"{"id":"1","name":"Luna"}"#);
    assert_eq!(warm.text(), r#"{"id":"2"}"#);
    let (cold_report, warm_report) = (cold.outcome.report.as_ref().unwrap(), warm.outcome.report.as_ref().unwrap());
    assert!(cold_report.init.is_some() && warm_report.init.is_none());
    assert!(cold_report.billed >= cold_report.init.unwrap());
    assert!(cold_report.max_memory_mb > 20 && cold_report.max_memory_mb <= 256);
    assert_eq!(cold_report.log_stream, warm_report.log_stream);
    assert_eq!(world.streams(), vec![cold_report.log_stream.clone()]);
    let log = world.log();
    assert_eq!(log.len(), 9, "{log:#?}");
    assert!(log[0].starts_with("INIT_START Runtime Version: nodejs:20.v"));
    assert!(log[0].contains("\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:"));
    assert_eq!(log[1], format!("START RequestId: {} Version: $LATEST\n", cold.request_id));
    assert!(log[2].ends_with(&format!("\t{}\tINFO\t{{ id: '1', name: 'Luna' }}\n", cold.request_id)), "{}", log[2]);
    assert_eq!(log[3], format!("END RequestId: {}\n", cold.request_id));
    assert!(log[4].starts_with(&format!("REPORT RequestId: {}\tDuration: ", cold.request_id)));
    assert!(log[4].contains("\tMemory Size: 256 MB\tMax Memory Used: ") && log[4].ends_with(" ms\t\n"), "{}", log[4]);
    assert!(log[8].ends_with(" MB\t\n"), "{}", log[8]);
    assert_eq!(cold.tail(), log[1..5].concat());
    assert_eq!(warm.tail(), log[5..].concat());
}

#[tokio::test]
async fn context_and_environment_are_those_of_aws() {
    let world = World::new();
    let mut spec = world.nodejs(
        "exports.handler = (event, context, callback) => callback(null, { context, env: process.env, cwd: process.cwd(),
           remaining: context.getRemainingTimeInMillis() });",
    );
    spec.environment.insert("A_B".into(), "1".into());
    spec.environment.insert("LAMBDA_TASK_ROOT".into(), "mine".into());
    let answer = world.invoke(&spec, "{}").await;
    let seen = answer.json();
    let (context, env) = (&seen["context"], &seen["env"]);
    assert_eq!(context["awsRequestId"], json!(answer.request_id));
    assert_eq!(context["memoryLimitInMB"], json!("256"));
    assert_eq!(context["functionVersion"], json!("$LATEST"));
    assert_eq!(context["invokedFunctionArn"], json!(spec.function_arn));
    assert_eq!(context["logGroupName"], json!(spec.log_group));
    assert_eq!(context["logStreamName"], json!(world.streams()[0]));
    assert_eq!(context["clientContext"], json!({"custom": {"a": "b"}}));
    assert_eq!(context["callbackWaitsForEmptyEventLoop"], json!(true));
    let remaining = seen["remaining"].as_i64().unwrap();
    assert!((18_000..=20_000).contains(&remaining), "{remaining}");
    let mut names: Vec<&str> = env.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = "AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_EXECUTION_ENV \
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_VERSION \
        AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_LAMBDA_RUNTIME_API \
        AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_XRAY_CONTEXT_MISSING AWS_XRAY_DAEMON_ADDRESS A_B \
        LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT LANG LD_LIBRARY_PATH NODE_PATH PATH PWD SHLVL TZ \
        _AWS_XRAY_DAEMON_ADDRESS _AWS_XRAY_DAEMON_PORT _HANDLER _X_AMZN_TRACE_ID";
    assert_eq!(names, expected.split_ascii_whitespace().collect::<Vec<_>>());
    assert_eq!(env["LAMBDA_TASK_ROOT"], json!("/var/task"));
    assert_eq!(env["TZ"], json!(":UTC"));
    assert_eq!(env["AWS_EXECUTION_ENV"], json!("AWS_Lambda_nodejs20.x"));
    assert!(env["_X_AMZN_TRACE_ID"].as_str().unwrap().starts_with("Root=1-5759e988"));
}

#[tokio::test]
async fn a_thrown_error_is_answered_and_logged_as_the_client_writes_it() {
    let world = World::new();
    let spec = world.nodejs("exports.handler = async () => { throw new TypeError('boom'); };");
    let answer = world.invoke(&spec, "{}").await;
    let failure = answer.failure();
    assert_eq!((&failure["errorType"], &failure["errorMessage"]), (&json!("TypeError"), &json!("boom")));
    assert!(failure["trace"].as_array().unwrap().iter().any(|line| line.as_str().unwrap().contains("index.js:1")));
    let logged = answer.tail();
    assert!(
        logged.contains(&format!("\t{}\tERROR\tInvoke Error \t{{\"errorType\":\"TypeError\"", answer.request_id)),
        "{logged}"
    );
    assert!(answer.outcome.report.is_some());
    assert_eq!(world.invoke(&spec, "{}").await.failure()["errorMessage"], json!("boom"));
    assert_eq!(world.streams().len(), 1, "a handler's error leaves the environment warm");
}

#[tokio::test]
async fn all_handler_forms_answer_as_on_aws() {
    let world = World::new();
    let spec = world.nodejs(
        "exports.handler = (e, c, cb) => {
           if (e.t === 'fail') return c.fail(new Error('f'));
           if (e.t === 'done') return c.done(null, { d: 1 });
           if (e.t === 'err') return cb(new Error('cbErr'));
           if (e.t === 'str') return cb('plain');
           if (e.t === 'late') { setTimeout(() => console.log('LATE'), 200); return cb(null, 'early'); }
           if (e.t === 'nowait') { c.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 9000); return cb(null, 'now'); }
           if (e.t === 'promise') return Promise.resolve(5);
           if (e.t === 'succeed') return c.succeed(`Hello ${e.name}`);
         };",
    );
    let ask = |t: &str| format!(r#"{{"t":"{t}","name":"sy"}}"#);
    assert_eq!(world.invoke(&spec, &ask("fail")).await.failure()["errorMessage"], json!("f"));
    assert_eq!(world.invoke(&spec, &ask("done")).await.text(), r#"{"d":1}"#);
    assert_eq!(world.invoke(&spec, &ask("err")).await.failure()["errorMessage"], json!("cbErr"));
    let plain = world.invoke(&spec, &ask("str")).await.failure();
    assert_eq!(plain, json!({"errorType": "string", "errorMessage": "plain", "trace": []}));
    assert_eq!(world.invoke(&spec, &ask("promise")).await.text(), "5");
    assert_eq!(world.invoke(&spec, &ask("succeed")).await.text(), r#""Hello sy""#);
    assert_eq!(world.invoke(&spec, &ask("undef")).await.text(), "null");
    let began = Instant::now();
    let late = world.invoke(&spec, &ask("late")).await;
    assert_eq!(late.text(), r#""early""#);
    assert!(began.elapsed() >= Duration::from_millis(200), "the loop was not waited for");
    assert!(late.tail().contains("LATE"), "{}", late.tail());
    let began = Instant::now();
    assert_eq!(world.invoke(&spec, &ask("nowait")).await.text(), r#""now""#);
    // What that left behind goes on, and holds up no later callback.
    assert_eq!(world.invoke(&spec, &ask("undef")).await.text(), "null");
    assert!(began.elapsed() < Duration::from_secs(5), "the loop was waited for");
}

#[tokio::test]
async fn a_multi_line_message_is_one_event() {
    let world = World::new();
    let spec = world
        .nodejs("exports.handler = async (event) => { console.log('EVENT: \\n' + JSON.stringify(event, null, 2)); };");
    world.invoke(&spec, r#"{"a":1}"#).await;
    let log = world.log();
    assert!(log.iter().any(|line| line.ends_with("\tINFO\tEVENT: \n{\n  \"a\": 1\n}\n")), "{log:#?}");
}

#[tokio::test]
async fn raw_output_comes_line_by_line_in_order() {
    let world = World::new();
    let spec = world.nodejs("exports.handler = async () => { process.stdout.write('one\\ntwo\\n\\nthree\\n'); };");
    world.invoke(&spec, "{}").await;
    ordered(&world.log(), &["START", "one\n", "two\n", "three\n", "END", "REPORT"]);
}

#[tokio::test]
async fn an_exit_is_an_exit_error_and_the_next_event_starts_anew() {
    let world = World::new();
    let spec = world.nodejs("exports.handler = async (event) => { if (event.exit) process.exit(1); return 'ok'; };");
    let answer = world.invoke(&spec, r#"{"exit":1}"#).await;
    let message = format!("RequestId: {} Error: Runtime exited with error: exit status 1", answer.request_id);
    assert_eq!(answer.failure(), json!({"errorType": "Runtime.ExitError", "errorMessage": message}));
    assert!(answer.tail().contains("\tStatus: error\tError Type: Runtime.ExitError\n"), "{}", answer.tail());
    assert!(answer.outcome.report.unwrap().max_memory_mb > 20);
    assert_eq!(world.invoke(&spec, "{}").await.text(), r#""ok""#);
    assert_eq!(world.streams().len(), 2);
}

#[tokio::test]
async fn an_uncaught_error_is_the_answer() {
    let world = World::new();
    let spec = world.nodejs(
        "exports.handler = async () => { setTimeout(() => { throw new RangeError('later'); }, 5);
           await new Promise(() => setTimeout(() => {}, 9000)); };",
    );
    let answer = world.invoke(&spec, "{}").await;
    assert_eq!(answer.failure()["errorType"], json!("RangeError"));
    assert!(answer.tail().contains("Uncaught Exception"), "{}", answer.tail());
}

#[tokio::test]
async fn a_timeout_ends_the_function_and_says_so() {
    let world = World::new();
    let mut spec = world.nodejs(
        "exports.handler = async () => { console.log('before'); await new Promise((r) => setTimeout(r, 30000)); };",
    );
    spec.timeout = Duration::from_secs(1);
    let answer = world.invoke(&spec, "{}").await;
    let id = &answer.request_id;
    assert_eq!(
        answer.failure(),
        json!({"errorType": "Sandbox.Timedout", "errorMessage": format!("RequestId: {id} Error: Task timed out after 1.00 seconds")})
    );
    let log = world.log();
    assert!(
        log.iter().any(|line| line.ends_with(&format!("Z {id} Task timed out after 1.00 seconds\n\n"))),
        "{log:#?}"
    );
    assert!(log.last().unwrap().contains("\tDuration: 1000.00 ms\t"), "{log:#?}");
    assert!(log.last().unwrap().ends_with("\tStatus: timeout\n"), "{log:#?}");
    ordered(&log, &["START", "2", "END"]);
}

#[tokio::test]
async fn an_endless_loop_is_ended_too() {
    let world = World::new();
    let mut spec = world.nodejs("exports.handler = async () => { for (;;); };");
    spec.timeout = Duration::from_secs(1);
    assert_eq!(world.invoke(&spec, "{}").await.failure()["errorType"], json!("Sandbox.Timedout"));
}

#[tokio::test]
async fn a_missing_module_fails_the_initialization_twice_and_names_it() {
    let world = World::new();
    let mut spec = world.nodejs("exports.handler = async () => {};");
    spec.handler = "nothing.handler".into();
    let answer = world.invoke(&spec, "{}").await;
    let failure = answer.failure();
    assert_eq!(failure["errorType"], json!("Runtime.ImportModuleError"));
    assert!(failure["errorMessage"].as_str().unwrap().starts_with("Error: Cannot find module 'nothing'"), "{failure}");
    let log = world.log();
    ordered(&log, &["INIT_START", "INIT_REPORT Init Duration: ", "INIT_REPORT", "START", "END", "REPORT"]);
    let first = log.iter().find(|line| line.starts_with("INIT_REPORT")).unwrap();
    assert!(first.ends_with("\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError\n"), "{first}");
    assert!(
        log.iter().any(|l| l.contains("Uncaught Exception \t{\"errorType\":\"Runtime.ImportModuleError\"")),
        "{log:#?}"
    );
}

#[tokio::test]
async fn a_missing_handler_is_named() {
    let world = World::new();
    let spec = world.nodejs("exports.other = async () => {};");
    let failure = world.invoke(&spec, "{}").await.failure();
    assert_eq!(failure["errorType"], json!("Runtime.HandlerNotFound"));
    assert_eq!(failure["errorMessage"], json!("index.handler is undefined or not exported"));
}

#[tokio::test]
async fn six_megabytes_pass_and_more_is_refused_as_on_aws() {
    let world = World::new();
    let spec = world.nodejs("exports.handler = async (event) => 'x'.repeat(event.size);");
    let most = 6 * 1024 * 1024 + 98;
    let whole = world.invoke(&spec, &format!(r#"{{"size":{most}}}"#)).await;
    assert_eq!(whole.text().len(), most + 2);
    let more = world.invoke(&spec, &format!(r#"{{"size":{}}}"#, most + 1)).await;
    assert_eq!(
        more.failure(),
        json!({
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
        })
    );
    let event = format!(r#"{{"size":1,"pad":"{}"}}"#, "y".repeat(6_000_000));
    assert_eq!(world.invoke(&spec, &event).await.text(), r#""x""#);
}

#[tokio::test]
async fn es_modules_and_streaming_handlers_run() {
    let world = World::new();
    let spec = world.function("nodejs20.x", "index.mjs", "export const handler = async () => import.meta.url;");
    assert!(world.invoke(&spec, "{}").await.text().ends_with("/index.mjs\""));
    let spec = world.nodejs(
        "exports.handler = awslambda.streamifyResponse(async (event, stream) => { stream.write('a'); stream.end('b'); });",
    );
    assert_eq!(world.invoke(&spec, "{}").await.text(), "ab");
}

#[tokio::test]
async fn a_wrapper_that_is_missing_exits_with_127() {
    let world = World::new();
    let mut spec = world.nodejs("exports.handler = async () => {};");
    spec.environment.insert("AWS_LAMBDA_EXEC_WRAPPER".into(), "/idontexist.sh".into());
    let answer = world.invoke(&spec, "{}").await;
    let message = format!("RequestId: {} Error: Runtime exited with error: exit status 127", answer.request_id);
    assert_eq!(answer.failure(), json!({"errorType": "Runtime.ExitError", "errorMessage": message}));
}
