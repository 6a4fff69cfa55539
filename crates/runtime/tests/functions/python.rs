use std::time::Duration;

use serde_json::json;

use crate::world::{World, ordered};

#[tokio::test]
async fn a_handler_answers_and_prints_line_by_line() {
    let world = World::new();
    let spec = world.python("def handler(event, context):\n    print(event['body'])\n    return event\n");
    let payload = r#"{"body": "\nmulti\nline\nstring\nanother\rline\n"}"#;
    let answer = world.invoke(&spec, payload).await;
    assert_eq!(answer.text(), payload);
    let log = world.log();
    assert_eq!(log.len(), 8, "{log:#?}");
    assert!(log[0].starts_with("INIT_START Runtime Version: python:3.11.v"));
    assert_eq!(log[2..6], ["multi\n", "line\n", "string\n", "another\rline\n"]);
    assert_eq!(log[6], format!("END RequestId: {}\n", answer.request_id));
    assert!(world.invoke(&spec, payload).await.outcome.report.unwrap().init.is_none());
}

#[tokio::test]
async fn context_and_environment_are_those_of_aws() {
    let world = World::new();
    let spec = world.python(
        "import os\n\
         def handler(event, context):\n    \
             return {'id': context.aws_request_id, 'memory': context.memory_limit_in_mb, 'name': context.function_name,\n        \
                 'stream': context.log_stream_name, 'custom': context.client_context.custom, 'env': dict(os.environ),\n        \
                 'remaining': context.get_remaining_time_in_millis()}\n",
    );
    let answer = world.invoke(&spec, "{}").await;
    let seen = answer.json();
    assert_eq!(seen["id"], json!(answer.request_id));
    assert_eq!(seen["memory"], json!("256"));
    assert_eq!(seen["name"], json!(spec.function_name));
    assert_eq!(seen["stream"], json!(world.streams()[0]));
    assert_eq!(seen["custom"], json!({"a": "b"}));
    assert!((18_000..=20_000).contains(&seen["remaining"].as_i64().unwrap()));
    let env = seen["env"].as_object().unwrap();
    assert_eq!(env["PYTHONPATH"], json!("/var/runtime"));
    assert_eq!(env["AWS_EXECUTION_ENV"], json!("AWS_Lambda_python3.11"));
    // Recorded: 29 names with TEST_KEY, which is not set here.
    assert_eq!(env.len(), 28, "{env:#?}");
}

#[tokio::test]
async fn an_exception_is_answered_and_logged_as_one_event() {
    let world = World::new();
    let spec = world.python("def handler(event, context):\n    raise ValueError('boom')\n");
    let answer = world.invoke(&spec, "{}").await;
    let failure = answer.failure();
    assert_eq!(failure["errorType"], json!("ValueError"));
    assert_eq!(failure["errorMessage"], json!("boom"));
    assert_eq!(failure["requestId"], json!(answer.request_id));
    assert!(failure["stackTrace"][0].as_str().unwrap().contains("app.py\", line 2, in handler"));
    let log = world.log();
    let logged = log.iter().find(|line| line.starts_with("[ERROR] ValueError: boom\nTraceback")).unwrap();
    assert!(logged.contains("app.py"), "{logged}");
}

#[tokio::test]
async fn log_records_carry_the_request() {
    let world = World::new();
    let spec = world.python(
        "import logging\nlogging.getLogger().setLevel('INFO')\n\
         def handler(event, context):\n    logging.info('two\\nlines')\n",
    );
    let answer = world.invoke(&spec, "{}").await;
    let log = world.log();
    let id = &answer.request_id;
    let record = log.iter().find(|line| line.starts_with("[INFO]\t")).unwrap();
    assert!(record.ends_with(&format!("Z\t{id}\ttwo\nlines\n")), "{record}");
}

#[tokio::test]
async fn an_exit_without_a_reason_reads_as_on_aws() {
    let world = World::new();
    let handler = world.python("import sys\ndef handler(event, context):\n    sys.exit(0)\n");
    let answer = world.invoke(&handler, "{}").await;
    let message = format!("RequestId: {} Error: Runtime exited without providing a reason", answer.request_id);
    assert_eq!(answer.failure(), json!({"errorType": "Runtime.ExitError", "errorMessage": message}));
    let module = world.python("import sys\nsys.exit(0)\n");
    let answer = world.invoke(&module, "{}").await;
    let message = format!("RequestId: {} Error: Runtime exited without providing a reason", answer.request_id);
    assert_eq!(answer.failure(), json!({"errorType": "Runtime.ExitError", "errorMessage": message}));
}

#[tokio::test]
async fn an_import_error_comes_from_the_client_itself() {
    let world = World::new();
    let spec = world.python("import nothing_here\n");
    let failure = world.invoke(&spec, "{}").await.failure();
    assert_eq!(
        failure,
        json!({
            "errorMessage": "Unable to import module 'app': No module named 'nothing_here'",
            "errorType": "Runtime.ImportModuleError",
            "requestId": "",
            "stackTrace": []
        })
    );
    let log = world.log();
    ordered(
        &log,
        &["INIT_START", "[ERROR] Runtime.ImportModuleError", "INIT_REPORT", "INIT_REPORT", "START", "REPORT"],
    );
}

#[tokio::test]
async fn an_initialization_may_take_longer_than_the_timeout() {
    let world = World::new();
    let mut spec = world.python("import time\ntime.sleep(1.2)\ndef handler(event, context):\n    return 1\n");
    spec.timeout = Duration::from_secs(1);
    let answer = world.invoke(&spec, "{}").await;
    assert_eq!(answer.text(), "1");
    assert!(answer.outcome.report.unwrap().init.unwrap() >= Duration::from_millis(1200));
}

#[tokio::test]
async fn six_megabytes_pass_and_more_is_refused() {
    let world = World::new();
    let spec = world.python("def handler(event, context):\n    return 'x' * event['size']\n");
    let most = 6 * 1024 * 1024 + 98;
    assert_eq!(world.invoke(&spec, &format!(r#"{{"size":{most}}}"#)).await.text().len(), most + 2);
    let more = world.invoke(&spec, &format!(r#"{{"size":{}}}"#, most + 1)).await;
    assert_eq!(more.failure()["errorType"], json!("Function.ResponseSizeTooLarge"));
}
