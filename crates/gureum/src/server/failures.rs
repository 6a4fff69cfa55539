//! What has gone wrong since the start, for `gureum run`'s digest: answers from 500 on, and invocations that failed, however
//! they were asked for. The latter are also told as facts, which last.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use edge::{FailedRequest, Witness};
use kernel::{BoxFuture, Clock};
use runtime::{Engine, FunctionSpec, Invocation, InvocationError, Kept, Outcome, Readiness};
use serde_json::{Value, json};
use telemetry::Facts;
use tokio::sync::watch;

use super::outcomes;

/// Failures that are kept of each kind, the latest; all are counted.
const FAILURES_MAX: usize = 100;
/// Characters of an error's message that are kept.
const MESSAGE_CHARACTERS_MAX: usize = 300;

#[derive(Default)]
pub struct Failures {
    requests: Mutex<Latest>,
    invocations: Mutex<Latest>,
}

#[derive(Default)]
struct Latest {
    count: u64,
    kept: VecDeque<Value>,
}

impl Failures {
    /// `{requests: {count, latest: […]}, invocations: {…}}`, oldest first.
    pub fn to_json(&self) -> Value {
        let shown = |latest: &Mutex<Latest>| {
            let latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
            json!({ "count": latest.count, "latest": latest.kept })
        };
        json!({ "requests": shown(&self.requests), "invocations": shown(&self.invocations) })
    }
}

fn add(latest: &Mutex<Latest>, failure: Value) {
    let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
    latest.count += 1;
    if latest.kept.len() == FAILURES_MAX {
        latest.kept.pop_front();
    }
    latest.kept.push_back(failure);
}

impl Witness for Failures {
    fn failed(&self, request: &FailedRequest<'_>) {
        let FailedRequest { request_id, service, method, path, status, code } = request;
        let failure = json!({
            "request_id": request_id, "service": service, "method": method, "path": path, "status": status, "code": code,
        });
        add(&self.requests, failure);
    }
}

/// An engine whose failed invocations are noted.
pub struct Witnessed {
    pub engine: Arc<dyn Engine>,
    pub failures: Arc<Failures>,
    pub facts: Arc<dyn Facts>,
    pub clock: Arc<dyn Clock>,
}

impl Engine for Witnessed {
    fn invoke(&self, spec: Arc<FunctionSpec>, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        let request_id = invocation.request_id.clone();
        Box::pin(async move {
            let outcome = self.engine.invoke(spec.clone(), invocation).await;
            if let Err(error) = &outcome.result {
                let (kind, message) = told(error);
                self.facts.tell(outcomes::fact(&spec, &request_id, self.clock.now(), &outcome, error, &kind, &message));
                let failure = json!({
                    "request_id": request_id, "function": spec.function_name, "type": kind, "message": message,
                });
                add(&self.failures.invocations, failure);
            }
            outcome
        })
    }

    fn retire(&self, function_arn: &str, keep: Option<&str>) {
        self.engine.retire(function_arn, keep);
    }

    fn keep(&self, spec: Arc<FunctionSpec>, count: u32) -> watch::Receiver<Kept> {
        self.engine.keep(spec, count)
    }

    fn let_go(&self, function_arn: &str) {
        self.engine.let_go(function_arn);
    }

    fn prepare(&self, runtime: &str) -> BoxFuture<'_, Result<(), String>> {
        self.engine.prepare(runtime)
    }

    fn readiness(&self, runtime: &str) -> Readiness {
        self.engine.readiness(runtime)
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        self.engine.shutdown()
    }
}

/// Type and message of an error, as its function told them.
fn told(error: &InvocationError) -> (String, String) {
    let short = |text: &str| text.chars().take(MESSAGE_CHARACTERS_MAX).collect();
    match error {
        InvocationError::Function(payload) => {
            let told: Value = serde_json::from_slice(payload).unwrap_or_default();
            let text = |name: &str| short(told[name].as_str().unwrap_or_default());
            (text("errorType"), text("errorMessage"))
        }
        InvocationError::Environment(error) => ("Environment".to_owned(), short(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept_and_all_are_counted() {
        let failures = Failures::default();
        for n in 0..FAILURES_MAX + 5 {
            let (request_id, path) = (n.to_string(), "/");
            failures.failed(&FailedRequest {
                request_id: &request_id,
                service: "sqs",
                method: "POST",
                path,
                status: 501,
                code: "NotImplementedException",
            });
        }
        let shown = failures.to_json();
        assert_eq!(shown["requests"]["count"], FAILURES_MAX + 5);
        assert_eq!(shown["requests"]["latest"].as_array().unwrap().len(), FAILURES_MAX);
        assert_eq!(shown["requests"]["latest"][0]["request_id"], "5");
        assert_eq!(shown["invocations"]["count"], 0);
    }
}
