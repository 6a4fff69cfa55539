use kernel::{AccountId, Region, Timestamp};
use serde::{Deserialize, Serialize};

/// Where facts go. Plain successes are no facts.
pub trait Facts: Send + Sync + 'static {
    /// Never waits and touches no disk.
    fn tell(&self, fact: Fact);
}

/// Something that a user may ask the reason of, with what was known at that moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    pub at: Timestamp,
    pub account: AccountId,
    pub region: Region,
    /// The requests that it happened to, and that caused it.
    pub requests: Vec<String>,
    /// The ids of the messages that it happened to.
    pub messages: Vec<String>,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// A function was not let run.
    Throttled {
        function: String,
        via: Via,
        limit: Limit,
        holders: Vec<Holder>,
    },
    TimedOut {
        function: String,
        timeout_ms: u64,
        log_group: String,
        log_stream: String,
    },
    /// Its process ended, or it ran out of memory.
    Crashed {
        function: String,
        error_type: String,
        message: String,
        memory_mb: u32,
        max_memory_mb: u32,
        log_group: String,
        log_stream: String,
    },
    /// It could not be loaded: a module is missing, or cannot be read.
    ImportRefused {
        function: String,
        runtime: String,
        error_type: String,
        message: String,
    },
    /// The handler answered with an error.
    HandlerFailed {
        function: String,
        error_type: String,
        message: String,
        ran_ms: u64,
        log_group: String,
        log_stream: String,
    },
    /// There was no execution environment to run it in: no such runtime here, say.
    NotStarted {
        function: String,
        runtime: String,
        reason: String,
    },
    /// It answered its URL's caller with what is no HTTP response.
    AnswerRefused {
        function: String,
    },
    /// A mapping's batch did not reach its function before its messages' visibility ran out.
    BatchDropped {
        mapping: String,
        function: String,
        queue: String,
        throttles: u32,
        waited_ms: u64,
    },
    /// A mapping's batch, or these messages of it, failed and will be visible again.
    BatchFailed {
        mapping: String,
        function: String,
        queue: String,
        partly: bool,
    },
    /// A message was received again: nobody had deleted it while it was hidden.
    Redelivered {
        queue: String,
        /// This one included.
        receives: u32,
        /// The queue's own.
        visibility_timeout_s: u32,
        since_last_ms: u64,
        /// How long the receive before has hidden it.
        hidden_ms: u64,
        /// Who receives it now: the ARN of the principal.
        receiver: String,
    },
    /// Somebody deleted a message by the handle of an earlier receive: it had been handed out again meanwhile.
    SettledLate {
        queue: String,
        receives: u32,
        /// Since it was handed out again.
        late_ms: u64,
        receiver: String,
    },
    DeadLettered {
        queue: String,
        dead_letter_queue: String,
        receives: u32,
        max_receives: u32,
        visibility_timeout_s: u32,
        since_first_ms: u64,
    },
    /// An accepted event will not run any more.
    EventDropped {
        function: String,
        condition: String,
        runs: u32,
    },
}

/// How a function was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    Invoke,
    FunctionUrl,
    Event,
    EventSourceMapping,
}

/// What was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "limit", rename_all = "snake_case")]
pub enum Limit {
    /// The account's concurrency, less what is reserved.
    Account { concurrency: u32, unreserved: u32 },
    /// The function's own reservation.
    Reserved { concurrency: u32 },
    /// Environments that may be added in ten seconds.
    ScalingRate { environments: u32 },
    /// Requests a second.
    RequestRate { per_second: u32 },
}

/// Who held the room at that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub function: String,
    pub running: u32,
    /// Some of their requests, the oldest first.
    pub requests: Vec<String>,
    /// How long the oldest of them has been running, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_ms: Option<u64>,
}
