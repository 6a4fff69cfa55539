use serde_json::json;

use crate::world::{World, eventually};

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

/// Asks for its second event, hangs up before there is one, and asks again after a while.
const FORGETFUL: &str = r#"#!/usr/bin/python3
import http.client, os, socket, time
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
api = http.client.HTTPConnection(host, int(port))
for turn in range(2):
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    event = answer.read()
    api.request("POST", "/2018-06-01/runtime/invocation/" + request + "/response", event)
    api.getresponse().read()
    hung_up = socket.create_connection((host, int(port)))
    hung_up.send(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.2)
    hung_up.close()
    print("hung up", flush=True)
    time.sleep(1)
"#;

#[tokio::test]
async fn an_event_is_not_lost_when_the_runtime_had_hung_up() {
    let world = World::new();
    let spec = world.function("provided.al2", "bootstrap", FORGETFUL);
    assert_eq!(world.invoke(&spec, "1").await.text(), "1");
    eventually("it hangs up", || world.log().iter().any(|line| line == "hung up\n")).await;
    assert_eq!(world.invoke(&spec, "2").await.text(), "2");
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
