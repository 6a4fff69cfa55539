//! Functions' logs, written to CloudWatch Logs as Lambda writes them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use api_logs::types::{CreateLogGroupRequest, CreateLogStreamRequest, InputLogEvent, PutLogEventsRequest};
use kernel::{AccountId, BoxFuture, Principals, Region};
use runtime::{FunctionSpec, LogLine, LogSink};
use tokio::sync::Notify;
use wire::ApiError;

use crate::access::LAMBDA;
use crate::limits::{
    LOG_BATCH_BYTES_MAX, LOG_BATCH_EVENTS_MAX, LOG_EVENT_BYTES_MAX, LOG_EVENT_OVERHEAD_BYTES, LOG_QUEUE_BYTES_MAX,
};

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stream {
    account: AccountId,
    region: Region,
    group: String,
    name: String,
}

#[derive(Default)]
struct Queue {
    /// Lines of each stream, in order, each with the number of the call that brought it.
    lines: BTreeMap<Stream, VecDeque<(u64, LogLine)>>,
    /// Streams in the order in which they got their first waiting line.
    turns: VecDeque<Stream>,
    bytes: usize,
    /// Calls so far, and those whose lines are not all written yet, with how many are not.
    calls: u64,
    unwritten: BTreeMap<u64, usize>,
    /// The writer runs.
    writing: bool,
}

/// Takes lines without waiting and writes them in batches, in order within a stream, as `lambda.amazonaws.com`.
///
/// Shape: one writer at a time, started by the first line and ended by the last. What a stream gets while a batch of another
/// is written goes into its next batch: under load batches grow by themselves.
#[derive(Clone)]
pub struct LogsSink {
    inner: Arc<Inner>,
}

struct Inner {
    logs: api_logs::Client,
    principals: Arc<dyn Principals>,
    queue: Mutex<Queue>,
    written: Notify,
}

impl LogsSink {
    pub fn new(logs: api_logs::Client, principals: Arc<dyn Principals>) -> Self {
        let inner = Inner { logs, principals, queue: Mutex::default(), written: Notify::new() };
        Self { inner: Arc::new(inner) }
    }
}

impl LogSink for LogsSink {
    fn write(&self, spec: &FunctionSpec, log_stream: &str, lines: Vec<LogLine>) {
        if lines.is_empty() {
            return;
        }
        let stream = Stream {
            account: spec.account.clone(),
            region: spec.region.clone(),
            group: spec.log_group.clone(),
            name: log_stream.to_owned(),
        };
        if self.inner.take(stream, lines) {
            let inner = self.inner.clone();
            tokio::spawn(async move { inner.write_all().await });
        }
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let until = self.inner.queue().calls;
            loop {
                let written = self.inner.written.notified();
                tokio::pin!(written);
                written.as_mut().enable();
                if self.inner.queue().unwritten.keys().next().is_none_or(|first| *first > until) {
                    return;
                }
                written.await;
            }
        })
    }
}

impl Inner {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers whether the caller must start the writer.
    fn take(&self, stream: Stream, lines: Vec<LogLine>) -> bool {
        let mut queue = self.queue();
        if queue.bytes > LOG_QUEUE_BYTES_MAX {
            tracing::warn!(bytes = queue.bytes, "log lines wait: the log is written more slowly than functions write");
        }
        queue.bytes += lines.iter().map(size_of).sum::<usize>();
        queue.calls += 1;
        let call = queue.calls;
        queue.unwritten.insert(call, lines.len());
        if !queue.lines.contains_key(&stream) {
            queue.turns.push_back(stream.clone());
        }
        queue.lines.entry(stream).or_default().extend(lines.into_iter().map(|line| (call, line)));
        !std::mem::replace(&mut queue.writing, true)
    }

    async fn write_all(&self) {
        loop {
            let next = {
                let mut queue = self.queue();
                let next = queue.next_batch();
                if next.is_none() {
                    queue.writing = false;
                }
                next
            };
            let Some((stream, batch)) = next else { return };
            let (calls, lines): (Vec<u64>, Vec<LogLine>) = batch.into_iter().unzip();
            if let Err(error) = self.put(&stream, lines).await {
                let lines = calls.len();
                tracing::warn!(%error, group = stream.group, stream = stream.name, lines, "log lines are lost");
            }
            self.queue().written(&calls);
            self.written.notify_waiters();
        }
    }

    /// Writes a batch; a group or stream that is not there is made first.
    async fn put(&self, stream: &Stream, batch: Vec<LogLine>) -> Result<(), ApiError> {
        let cx = self.principals.as_service(LAMBDA, &stream.account, &stream.region);
        let request = PutLogEventsRequest {
            log_group_name: stream.group.clone(),
            log_stream_name: stream.name.clone(),
            log_events: batch.into_iter().map(event).collect(),
            ..PutLogEventsRequest::default()
        };
        match self.logs.put_log_events(&cx, request.clone()).await {
            Err(error) if error.name() == "ResourceNotFoundException" => {}
            done => return done.map(|_| ()),
        }
        let group = CreateLogGroupRequest { log_group_name: stream.group.clone(), ..CreateLogGroupRequest::default() };
        there_already(self.logs.create_log_group(&cx, group).await.map(|_| ()))?;
        let made =
            CreateLogStreamRequest { log_group_name: stream.group.clone(), log_stream_name: stream.name.clone() };
        there_already(self.logs.create_log_stream(&cx, made).await.map(|_| ()))?;
        self.logs.put_log_events(&cx, request).await.map(|_| ())
    }
}

impl Queue {
    /// The next stream's lines, as many as one PutLogEvents takes. A stream with more left waits for its next turn.
    fn next_batch(&mut self) -> Option<(Stream, Vec<(u64, LogLine)>)> {
        let stream = self.turns.pop_front()?;
        let lines = self.lines.get_mut(&stream)?;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some((_, line)) = lines.front() {
            bytes += size_of(line);
            if !batch.is_empty() && (bytes > LOG_BATCH_BYTES_MAX || batch.len() >= LOG_BATCH_EVENTS_MAX) {
                break;
            }
            batch.extend(lines.pop_front());
        }
        if lines.is_empty() {
            self.lines.remove(&stream);
        } else {
            self.turns.push_back(stream.clone());
        }
        self.bytes = self.bytes.saturating_sub(batch.iter().map(|(_, line)| size_of(line)).sum());
        Some((stream, batch))
    }

    /// Takes note of lines that are written, each by the call that brought it.
    fn written(&mut self, calls: &[u64]) {
        for call in calls {
            if let Some(left) = self.unwritten.get_mut(call) {
                *left -= 1;
                if *left == 0 {
                    self.unwritten.remove(call);
                }
            }
        }
    }
}

fn size_of(line: &LogLine) -> usize {
    line.message.len() + LOG_EVENT_OVERHEAD_BYTES
}

/// A line as an event: never empty, never longer than one may be.
fn event(line: LogLine) -> InputLogEvent {
    let end = line.message.floor_char_boundary(LOG_EVENT_BYTES_MAX);
    let message = match line.message.get(..end) {
        None | Some("") => " ".to_owned(),
        Some(message) => message.to_owned(),
    };
    InputLogEvent { timestamp: line.at.millis(), message }
}

fn there_already(made: Result<(), ApiError>) -> Result<(), ApiError> {
    match made {
        Err(error) if error.name() == "ResourceAlreadyExistsException" => Ok(()),
        made => made,
    }
}
