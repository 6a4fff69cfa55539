//! One event: handing it over, waiting for the answer, and what the log and the caller are told.

use std::time::Duration;

use bytes::Bytes;
use kernel::id;

use super::errors::{Failure, timed_out};
use super::life::{Environment, Home, Running, stopped};
use super::process::{Process, Sign};
use crate::contract::{EnvironmentError, InvocationError, Outcome, Report};
use crate::limits::AFTER_ANSWER;
use crate::platform_log::{Mark, PlatformEvent};
use crate::rapi::{Effect, Event, Payload};
use crate::sandbox::Exit;

/// How an event ended, and whether the process can take another.
enum Handled {
    Answered { result: Result<Bytes, Failure>, took: Duration },
    Stopped,
}

#[derive(PartialEq)]
enum After {
    Waiting,
    Busy,
    Gone,
}

impl<H: Home> Environment<H> {
    /// One event. Answers the process when it can take another.
    pub(super) async fn handle(&mut self, mut process: Process, running: Running) -> Option<Process> {
        let clock = self.platform.clock.clone();
        self.start_line(&running.invocation.request_id);
        let event = self.event(&running);
        process.begin(&running.invocation.request_id, event, running.invocation.stream.clone());
        let mut over = clock.pause(running.deadline.saturating_sub(clock.monotonic()));
        let handled = self.until_answered(&mut process, &running, &mut over).await;
        let Handled::Answered { result, took } = handled else {
            process.end(&mut self.journal, &*clock).await;
            return self.not_started(running.reply, EnvironmentError::Stopping);
        };
        // It exited while it was idle, and its warden told so only now: another environment takes the event.
        if matches!(result, Err(Failure::Exited(_))) && !running.is_first && process.is_event_unread() {
            self.home.leave();
            process.end(&mut self.journal, &*clock).await;
            let _ = running.reply.send(Err(running.invocation));
            return None;
        }
        let after = match &result {
            Err(Failure::TimedOut | Failure::Exited(_)) => After::Gone,
            _ => self.until_waiting(&mut process, clock.pause(AFTER_ANSWER), &mut over).await,
        };
        let peak_mb = process.peak_mb();
        match after {
            After::Waiting => {
                process.drain(&mut self.journal);
                // Free before the caller has its answer, so that its next event finds this environment.
                let wanted = self.home.release();
                self.finish(running, result, took, peak_mb);
                if wanted {
                    return Some(process);
                }
                process.end(&mut self.journal, &*clock).await;
                None
            }
            After::Busy => {
                process.drain(&mut self.journal);
                self.finish(running, result, took, peak_mb);
                self.work_on(process, over).await
            }
            After::Gone => {
                self.home.leave();
                process.end(&mut self.journal, &*clock).await;
                self.finish(running, result, took, peak_mb);
                None
            }
        }
    }

    async fn until_answered(
        &mut self,
        process: &mut Process,
        running: &Running,
        over: &mut kernel::BoxFuture<'static, ()>,
    ) -> Handled {
        let clock = self.platform.clock.clone();
        loop {
            let sign = tokio::select! {
                sign = process.sign(&mut self.journal) => sign,
                () = &mut *over => {
                    return Handled::Answered { result: Err(Failure::TimedOut), took: self.spec.timeout };
                }
                () = stopped(&mut self.stop) => return Handled::Stopped,
            };
            let took = || (clock.monotonic() - running.began).min(self.spec.timeout);
            let result = match sign {
                Sign::Said(Effect::Answered(Payload::Whole(payload))) => Ok(payload),
                Sign::Said(Effect::Answered(Payload::TooLarge)) => Err(Failure::TooLarge),
                Sign::Said(Effect::Failed(payload)) => Err(failure(payload)),
                Sign::Exited(exit) => Err(Failure::Exited(exit)),
                Sign::NotExecutable { .. } | Sign::NoWorld(_) | Sign::Lost => Err(LOST),
                Sign::Started | Sign::Listening(_) | Sign::Said(_) | Sign::Wrote => continue,
            };
            return Handled::Answered { result, took: took() };
        }
    }

    /// After its answer a runtime asks for the next event, commonly at once.
    async fn until_waiting(
        &mut self,
        process: &mut Process,
        mut patience: kernel::BoxFuture<'static, ()>,
        over: &mut kernel::BoxFuture<'static, ()>,
    ) -> After {
        loop {
            tokio::select! {
                sign = process.sign(&mut self.journal) => match sign {
                    Sign::Said(Effect::Waiting) => return After::Waiting,
                    Sign::Exited(_) | Sign::NotExecutable { .. } | Sign::NoWorld(_) | Sign::Lost => return After::Gone,
                    Sign::Started | Sign::Listening(_) | Sign::Said(_) | Sign::Wrote => {}
                },
                () = &mut patience => return After::Busy,
                () = &mut *over => return After::Gone,
                () = stopped(&mut self.stop) => return After::Gone,
            }
        }
    }

    /// The caller has its answer, the runtime still works: it may, until the event's time is over.
    async fn work_on(&mut self, mut process: Process, mut over: kernel::BoxFuture<'static, ()>) -> Option<Process> {
        let clock = self.platform.clock.clone();
        let after = self.until_waiting(&mut process, Box::pin(std::future::pending()), &mut over).await;
        if after == After::Waiting && self.home.release() {
            return Some(process);
        }
        self.home.leave();
        process.end(&mut self.journal, &*clock).await;
        None
    }

    pub(super) fn start_line(&mut self, request_id: &str) {
        self.journal.platform(&PlatformEvent::Start { request_id });
    }

    /// Writes the end of an event's log and answers its caller.
    pub(super) fn finish(&mut self, running: Running, result: Result<Bytes, Failure>, took: Duration, peak_mb: u32) {
        let id = &running.invocation.request_id;
        let timeout = self.spec.timeout;
        match &result {
            Err(Failure::TimedOut) => {
                let at = self.platform.clock.wall();
                self.journal.line(format!("{at} {id} {}\n\n", timed_out(timeout)));
            }
            Err(failure @ (Failure::Exited(_) | Failure::InvalidEntrypoint(_))) => {
                let line = format!("{}\n{}\n", failure.message(id, timeout), failure.kind());
                self.journal.line(line);
            }
            Err(failure @ Failure::TooLarge) => self.journal.line(format!("{}\n", failure.message(id, timeout))),
            _ => {}
        }
        let report = Report {
            duration: took,
            billed: self.platform.billing.billed(took, running.init),
            init: running.init,
            memory_mb: self.spec.memory_mb,
            max_memory_mb: peak_mb.clamp(1, self.spec.memory_mb),
            log_stream: self.journal.stream.clone(),
        };
        let mark = result.as_ref().err().filter(|failure| !matches!(failure, Failure::Told(_))).map(mark);
        let produced_bytes = result.as_ref().map_or(0, Bytes::len);
        let (request_id, mark) = (id.as_str(), mark.as_ref());
        self.journal.platform(&PlatformEvent::Done { request_id, report: &report, mark, produced_bytes });
        self.journal.flush();
        let result = result.map_err(|failure| InvocationError::Function(failure.payload(id, timeout)));
        let log_tail = self.journal.end_tail();
        let _ = running.reply.send(Ok(Outcome { result, log_tail, report: Some(report) }));
    }

    /// Source: Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes", Next invocation.
    fn event(&self, running: &Running) -> Event {
        let invocation = &running.invocation;
        let clock = &self.platform.clock;
        let deadline = clock.wall() + running.deadline.saturating_sub(clock.monotonic());
        let mut headers = vec![
            ("lambda-runtime-aws-request-id", invocation.request_id.clone()),
            ("lambda-runtime-deadline-ms", deadline.millis().to_string()),
            ("lambda-runtime-invoked-function-arn", invocation.invoked_arn.clone()),
        ];
        let trace = invocation.trace_header.clone().unwrap_or_else(|| self.new_trace());
        headers.push(("lambda-runtime-trace-id", trace));
        if let Some(context) = &invocation.client_context {
            headers.push(("lambda-runtime-client-context", context.clone()));
        }
        if let Some(identity) = &invocation.cognito_identity {
            headers.push(("lambda-runtime-cognito-identity", identity.clone()));
        }
        (headers, invocation.payload.clone())
    }

    fn new_trace(&self) -> String {
        let digits = |count| id::hex_digits(&*self.platform.rng, count);
        let seconds = self.platform.clock.wall().secs();
        format!("Root=1-{seconds:08x}-{};Parent={};Sampled=0;Lineage=1:{}:0", digits(24), digits(16), digits(8))
    }
}

/// Its warden is gone or its channel broken: it is killed, and that is how it ended.
pub(super) const LOST: Failure = Failure::Exited(Exit::Signal(libc::SIGKILL));

pub(super) fn failure(payload: Payload) -> Failure {
    match payload {
        Payload::Whole(payload) => Failure::Told(payload),
        Payload::TooLarge => Failure::TooLarge,
    }
}

pub(super) fn mark(failure: &Failure) -> Mark {
    match failure {
        Failure::TimedOut => Mark::Timeout,
        other => Mark::Error(other.kind()),
    }
}
