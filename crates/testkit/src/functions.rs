//! Functions that are played: what a test's closure says happens, in the world's time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::{BoxFuture, Clock};
use runtime::{
    Engine, EnvironmentError, FunctionSpec, Invocation, InvocationError, LogLine, LogSink, Outcome, Readiness,
};

use crate::clock::SimClock;

/// How an invocation ends.
#[derive(Clone, Debug)]
pub enum Ended {
    Answered(Bytes),
    /// The handler throws.
    Failed,
    /// It runs until its timeout.
    TimedOut,
    /// Its process dies.
    Crashed,
    /// No environment could be started.
    NotStarted,
}

/// Plays functions. Answers when the function has ended; what is told `TimedOut` has waited for its timeout itself.
pub trait Play: Send + Sync + 'static {
    fn run(&self, spec: Arc<FunctionSpec>, payload: Bytes) -> BoxFuture<'static, Ended>;
}

pub(crate) struct Stage {
    pub(crate) play: Arc<dyn Play>,
    pub(crate) clock: SimClock,
}

fn error(kind: &str, words: &str) -> Result<Bytes, InvocationError> {
    let answer = format!("{{\"errorType\":\"{kind}\",\"errorMessage\":\"{words}\"}}");
    Err(InvocationError::Function(answer.into()))
}

impl Engine for Stage {
    fn invoke(&self, spec: Arc<FunctionSpec>, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            let result = match self.play.run(spec, invocation.payload).await {
                Ended::Answered(answer) => Ok(answer),
                Ended::Failed => error("Error", "it failed"),
                Ended::TimedOut => error("Sandbox.Timedout", "Task timed out"),
                Ended::Crashed => error("Runtime.ExitError", "Runtime exited"),
                Ended::NotStarted => Err(EnvironmentError::Start("no room for it".to_owned()).into()),
            };
            Outcome { result, log_tail: None, report: None }
        })
    }

    fn retire(&self, _: &str, _: Option<&str>) {}

    fn prepare(&self, _: &str) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn readiness(&self, _: &str) -> Readiness {
        Readiness::Ready
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        self.clock.pause(Duration::ZERO)
    }
}

/// Where played functions write.
pub(crate) struct NoLogs;

impl LogSink for NoLogs {
    fn write(&self, _: &FunctionSpec, _: &str, _: Vec<LogLine>) {}

    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
