//! One batch: invokes, waits out throttles, settles what succeeded.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api_lambda::types::{InvocationRequest, InvocationResponse, InvocationType};
use bytes::Bytes;
use kernel::Timestamp;
use telemetry::{Fact, What};
use wire::{ApiError, Fault};

use super::metrics::Count;
use super::ready::{FUNCTION_GONE, Ready};
use crate::limits::{FACT_REQUESTS_MAX, THROTTLE_PAUSE_FIRST, THROTTLE_PAUSE_MAX};
use crate::model::batch::{Entry, event};
use crate::model::pauses::growing;
use crate::model::response::{self, Verdict};
use crate::model::trace::farthest;
use crate::records::MappingId;
use crate::service::{LAMBDA, Service};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Succeeded,
    Failed,
    /// It was not let run in time.
    Dropped,
}

pub(super) struct BatchEnd {
    pub how: How,
    /// What keeps the whole mapping from working.
    pub problem: Option<String>,
}

/// How an invocation ended.
enum Invoked {
    Answered(Bytes),
    Failed,
    Gone(String),
    Dropped,
}

/// What is known of a batch's tries.
struct Tries {
    requests: Vec<String>,
    throttles: u32,
    failures: u32,
    hidden_until: Option<Timestamp>,
}

/// Runs the parts one after the other; after one that did not wholly succeed the rest is left to come back.
pub(super) async fn run(service: Arc<Service>, ready: Arc<Ready>, parts: Vec<Vec<Entry>>) -> BatchEnd {
    for part in parts {
        let end = run_part(&service, &ready, &part).await;
        if end.how != How::Succeeded {
            return end;
        }
    }
    BatchEnd { how: How::Succeeded, problem: None }
}

async fn run_part(service: &Service, ready: &Ready, part: &[Entry]) -> BatchEnd {
    let mut tries = Tries { requests: Vec::new(), throttles: 0, failures: 0, hidden_until: None };
    let count_failed = |failed: usize| ready.counts.add(Count::FailedInvoke, failed);
    let (how, problem) = match invoke(service, ready, part, &mut tries).await {
        Invoked::Dropped => (How::Dropped, None),
        Invoked::Failed => (How::Failed, None),
        Invoked::Gone(problem) => (How::Failed, Some(problem)),
        Invoked::Answered(answer) => {
            let failed = failed_items(ready, part, &answer);
            let done = part.iter().filter(|entry| !failed.contains(entry.id.as_str()));
            settle(ready, done.map(|entry| entry.handle.clone()).collect()).await;
            if failed.is_empty() {
                return BatchEnd { how: How::Succeeded, problem: None };
            }
            count_failed(failed.len());
            let partly = failed.len() < part.len();
            tell(
                service,
                ready,
                &failed,
                &tries,
                What::BatchFailed {
                    mapping: ready.id.uuid.clone(),
                    function: ready.function_arn.clone(),
                    queue: ready.source_arn.clone(),
                    partly,
                },
            );
            return BatchEnd { how: How::Failed, problem: None };
        }
    };
    count_failed(part.len());
    if kernel::sabotaged!("a failed batch is deleted") && how == How::Failed {
        settle(ready, part.iter().map(|entry| entry.handle.clone()).collect()).await;
    }
    let waited = part.first().map_or(Duration::ZERO, |first| service.clock.now().since(first.read_at));
    let (mapping, function, queue) = (ready.id.uuid.clone(), ready.function_arn.clone(), ready.source_arn.clone());
    let what = match how {
        How::Dropped => What::BatchDropped {
            mapping,
            function,
            queue,
            throttles: tries.throttles,
            waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
        },
        _ => What::BatchFailed { mapping, function, queue, partly: false },
    };
    let all = part.iter().map(|entry| entry.id.clone()).collect();
    tell(service, ready, &all, &tries, what);
    BatchEnd { how, problem }
}

/// The items that failed by the function's own word.
fn failed_items(ready: &Ready, part: &[Entry], answer: &[u8]) -> BTreeSet<String> {
    if !ready.reports_failures {
        return BTreeSet::new();
    }
    let ids: BTreeSet<&str> = part.iter().map(|entry| entry.id.as_str()).collect();
    match response::read(answer, &ids) {
        Verdict::Succeeded => BTreeSet::new(),
        Verdict::FailedPartly(_) if kernel::sabotaged!("failed items are deleted with their batch") => BTreeSet::new(),
        Verdict::FailedPartly(_) if kernel::sabotaged!("a failed item takes its batch along") => {
            ids.into_iter().map(str::to_owned).collect()
        }
        Verdict::FailedPartly(failed) => failed,
        Verdict::Failed if kernel::sabotaged!("an answer that nobody understands is success") => BTreeSet::new(),
        Verdict::Failed => ids.into_iter().map(str::to_owned).collect(),
    }
}

async fn settle(ready: &Ready, handles: Vec<String>) {
    if handles.is_empty() {
        return;
    }
    let settled = handles.len();
    match ready.source.settle(handles).await {
        Ok(()) => ready.counts.add(Count::Deleted, settled),
        Err(error) => tracing::info!(%error, mapping = ready.id.uuid, "messages that were handled will come back"),
    }
}

/// Counts a batch that waits because it was not let run.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Invokes until the function has run, or what was read is hidden no more.
async fn invoke(service: &Service, ready: &Ready, part: &[Entry], tries: &mut Tries) -> Invoked {
    let payload = Bytes::from(event(part));
    let trace = farthest(part.iter().filter_map(|entry| entry.trace.as_deref())).map(Arc::from);
    let mut waiting = None;
    loop {
        // Reading takes the function's role; running the function is Lambda's own.
        let MappingId { place, .. } = &ready.id;
        let mut cx = service.principals.as_service(LAMBDA, &place.account, &place.region);
        cx.trace_header.clone_from(&trace);
        cx.source_arn = Some(ready.id.arn().into());
        tries.note(&cx.request_id);
        let request = InvocationRequest {
            function_name: ready.function_arn.clone(),
            invocation_type: Some(InvocationType::RequestResponse),
            payload: Some(payload.clone()),
            ..InvocationRequest::default()
        };
        match read_answer(service.lambda.invoke(&cx, request).await) {
            Ok(invoked) => {
                ready.counts.add(Count::Invoked, part.len());
                return invoked;
            }
            Err(throttled) => tries.throttles += u32::from(throttled),
        }
        waiting.get_or_insert_with(|| Waiting::new(&ready.throttled));
        if !pause(service, ready, part, tries).await {
            return Invoked::Dropped;
        }
    }
}

/// `Err`: it can be tried again; whether it was throttled.
fn read_answer(answer: Result<InvocationResponse, ApiError>) -> Result<Invoked, bool> {
    let error = match answer {
        Ok(InvocationResponse { function_error: Some(_), .. }) => return Ok(Invoked::Failed),
        Ok(answer) => return Ok(Invoked::Answered(answer.payload.unwrap_or_default())),
        Err(error) => error,
    };
    match error.name() {
        "TooManyRequestsException" => Err(true),
        "ResourceNotFoundException" => Ok(Invoked::Gone(FUNCTION_GONE.to_owned())),
        "ResourceConflictException" | "ResourceNotReadyException" => Err(false),
        _ if error.fault == Fault::Server => Err(false),
        _ => Ok(Invoked::Failed),
    }
}

/// Waits before the next try. Answers whether there is one: not when the messages are hidden no more by then, or the mapping was
/// disabled or deleted meanwhile.
async fn pause(service: &Service, ready: &Ready, part: &[Entry], tries: &mut Tries) -> bool {
    let now = service.clock.now();
    let hidden_until = match tries.hidden_until {
        Some(until) => until,
        None => {
            let hidden_for = ready.source.hidden_for().await.unwrap_or_default();
            let first = part.iter().map(|entry| entry.read_at).min().unwrap_or(now);
            *tries.hidden_until.insert(first + hidden_for)
        }
    };
    let pause = growing(tries.failures, THROTTLE_PAUSE_FIRST, THROTTLE_PAUSE_MAX);
    tries.failures += 1;
    let due = now + pause;
    service.clock.sleep_until(due.min(hidden_until)).await;
    // The clock may have gone further than was asked for.
    due < hidden_until && service.clock.now() < hidden_until && service.is_enabled(&ready.id)
}

impl Tries {
    /// The first and the last tries are kept.
    fn note(&mut self, request_id: &str) {
        if self.requests.len() >= FACT_REQUESTS_MAX {
            self.requests.remove(FACT_REQUESTS_MAX / 2);
        }
        self.requests.push(request_id.to_owned());
    }
}

fn tell(service: &Service, ready: &Ready, messages: &BTreeSet<String>, tries: &Tries, what: What) {
    service.facts.tell(Fact {
        at: service.clock.now(),
        account: ready.id.place.account.clone(),
        region: ready.id.place.region.clone(),
        requests: tries.requests.clone(),
        messages: messages.iter().cloned().collect(),
        what,
    });
}
