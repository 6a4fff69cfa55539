use serde_json::json;

use crate::world::World;

/// A custom runtime in Python's standard library, speaking HTTP to the Runtime API as any other would.
const BOOTSTRAP: &str = r#"#!/usr/bin/python3
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def call(method, path, body=None):
    api.request(method, "/2018-06-01/runtime/" + path, body)
    answer = api.getresponse()
    return answer.status, answer.headers, answer.read()
while True:
    status, headers, event = call("GET", "invocation/next")
    request = headers["Lambda-Runtime-Aws-Request-Id"]
    print("handling", flush=True)
    wrong = call("POST", "invocation/wrong/response", "{}")
    early = call("GET", "invocation/next")
    seen = {"event": json.loads(event), "deadline": int(headers["Lambda-Runtime-Deadline-Ms"]),
            "arn": headers["Lambda-Runtime-Invoked-Function-Arn"], "wrong": [wrong[0], json.loads(wrong[2])],
            "early": early[0], "unknown": call("GET", "nothing")[0]}
    print(call("POST", "invocation/" + request + "/response", json.dumps(seen)), flush=True)
"#;

#[tokio::test]
async fn a_bootstrap_of_ones_own_speaks_http() {
    let world = World::new();
    let spec = world.function("provided.al2023", "bootstrap", BOOTSTRAP);
    for _ in 0..2 {
        let answer = world.invoke(&spec, r#"{"a":1}"#).await;
        let seen = answer.json();
        assert_eq!(seen["event"], json!({"a": 1}));
        assert_eq!(seen["arn"], json!(spec.function_arn));
        let refused = json!({"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"});
        assert_eq!(seen["wrong"], json!([400, refused]));
        assert_eq!((&seen["early"], &seen["unknown"]), (&json!(403), &json!(404)));
        assert!(answer.tail().contains("handling\n"), "{}", answer.tail());
    }
    assert!(world.log()[0].starts_with("INIT_START Runtime Version: provided:al2023.v1\t"));
    assert_eq!(world.streams().len(), 1);
}

#[tokio::test]
async fn a_missing_bootstrap_is_an_invalid_entrypoint() {
    let world = World::new();
    let spec = world.function("provided.al2023", "other", "");
    let answer = world.invoke(&spec, "{}").await;
    let message = format!(
        "RequestId: {} Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
        answer.request_id
    );
    assert_eq!(answer.failure(), json!({"errorType": "Runtime.InvalidEntrypoint", "errorMessage": message}));
}

#[tokio::test]
async fn a_bootstrap_that_is_no_program_is_an_invalid_entrypoint() {
    let world = World::new();
    let spec = world.function("provided.al2023", "bootstrap", "\u{1}not a program");
    let answer = world.invoke(&spec, "{}").await;
    let message = format!("RequestId: {} Error: fork/exec /var/task/bootstrap: exec format error", answer.request_id);
    assert_eq!(answer.failure(), json!({"errorType": "Runtime.InvalidEntrypoint", "errorMessage": message}));
}
